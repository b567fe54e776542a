"""Dialogues: read, asked for, and parsed."""
