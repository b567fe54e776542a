"""How many different speech events the dialogues of a group have."""

from collections.abc import Iterator

from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Reading


def measure(corpus: Corpus) -> Iterator[Reading]:
    """distinct_events: a count, over all dialogues of the group."""
    if different := float(len(set(corpus.events))):
        details = {"tok": "none"}
        yield Reading("distinct_events", lambda _: different, "higher", "none", details, whole=True)
