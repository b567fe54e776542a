"""Personas: who the speakers are."""
