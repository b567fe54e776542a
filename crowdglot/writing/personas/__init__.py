"""Personas that a model makes: expanded from others, or read out of dialogues.

What it makes becomes a file with a fingerprint first, which a recipe then names as its personas:
so no model is part of a scenario.
"""
