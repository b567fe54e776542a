"""Recipes that come with crowdglot, and the reading of any recipe."""
