"""Shards written by other processes, here or on other machines."""
