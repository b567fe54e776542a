"""How many different speech events the dialogues of a group have."""

from collections.abc import Iterator

from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Chosen, Reading


def measure(corpus: Corpus) -> Iterator[Reading]:
    """distinct_events: a count, over all dialogues of the group."""
    different = len(set(corpus.events))
    if not different:
        return

    def of(_: Chosen) -> float | None:
        return float(different)

    yield Reading("distinct_events", of, "higher", "none", {"tok": "none"}, whole=True)
