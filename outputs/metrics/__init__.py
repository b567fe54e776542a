"""Metrics: each measures a set of dialogues of one language. One file a metric.

A metric's module has ``measure(corpus) -> Iterator[Reading]``; a module may give several figures.
Critics judge one dialogue; metrics measure a set.
"""

# Each key is the module's name; imported late, by outputs.metrics.diversity.
METRICS = {
    "distinct": "outputs.metrics.distinct",
    "ead": "outputs.metrics.ead",
    "compression": "outputs.metrics.compression",
    "self_repetition": "outputs.metrics.self_repetition",
    "self_bleu": "outputs.metrics.self_bleu",
    "mtld": "outputs.metrics.mtld",
    "vendi": "outputs.metrics.vendi",
    "turn_length": "outputs.metrics.turn_length",
    "openings": "outputs.metrics.openings",
    "personas": "outputs.metrics.personas",
    "events": "outputs.metrics.events",
}
