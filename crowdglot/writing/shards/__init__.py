"""Filling one shard after the other."""
