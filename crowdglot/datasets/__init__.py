"""Datasets: rows, journals, shards, and what is told of the whole."""
