"""Whether a dataset's dialogues can be told from those of people, and by what.

``tokens`` reads dialogues; ``style`` and ``phrases`` describe them; ``lengths`` makes them equally
long; ``telling`` asks a classifier (``logistic``) to tell one side from the other; ``giveaways``
names what differs; ``distance`` compares both sets by meaning; ``comparing`` does all of it.
"""
