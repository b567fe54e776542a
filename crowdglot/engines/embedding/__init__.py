"""Embedding models: texts in, vectors out. One module a kind."""
