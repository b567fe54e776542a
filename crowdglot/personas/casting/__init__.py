"""Casting: who is drawn for a situation, and with whom, so that nothing contradicts anything."""
