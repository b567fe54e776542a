"""Prefect flows: one verb a file."""
