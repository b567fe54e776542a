"""Metrics: each measures a set of dialogues of one language. One file a metric.

A metric's module has ``measure(corpus) -> Iterator[Reading]``; a module may give several figures.
Critics judge one dialogue; metrics measure a set.
"""

# The names of the modules, in the order of the figures; ``measuring.diversity`` imports them late.
METRICS = (
    "distinct", "ead", "compression", "self_repetition", "self_bleu", "mtld", "vendi",
    "turn_length", "openings", "personas", "events", "judged",
)  # fmt: skip
