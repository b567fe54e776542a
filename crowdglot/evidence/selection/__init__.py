"""Response selection: does a turn follow from those before it?

``ranking`` scores 20 candidates, of which one was said; ``selecting`` does it for every language of
a dataset, or of a folder of human dialogues.
"""
