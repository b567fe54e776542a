"""Scenarios: who talks with whom, about what, and why now."""
