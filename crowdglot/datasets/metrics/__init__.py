"""Metrics: each measures a set of dialogues of one language. One file a metric.

A metric's module has ``measure(corpus) -> Iterator[Reading]``; a module may give several figures.
Critics judge one dialogue; metrics measure a set.
"""

# Each key is the module's name; imported late, by crowdglot.datasets.metrics.measuring.diversity.
METRICS = {
    "distinct": "crowdglot.datasets.metrics.distinct",
    "ead": "crowdglot.datasets.metrics.ead",
    "compression": "crowdglot.datasets.metrics.compression",
    "self_repetition": "crowdglot.datasets.metrics.self_repetition",
    "self_bleu": "crowdglot.datasets.metrics.self_bleu",
    "mtld": "crowdglot.datasets.metrics.mtld",
    "vendi": "crowdglot.datasets.metrics.vendi",
    "turn_length": "crowdglot.datasets.metrics.turn_length",
    "openings": "crowdglot.datasets.metrics.openings",
    "personas": "crowdglot.datasets.metrics.personas",
    "events": "crowdglot.datasets.metrics.events",
}
