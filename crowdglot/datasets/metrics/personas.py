"""Persona coverage: how many of the personas at hand were used, and how evenly."""

from collections import Counter
from collections.abc import Iterator
from math import log

from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Chosen, Details, Reading


def pielou(counts: list[int]) -> float | None:
    """Entropy over that of even use of the same kinds; None where fewer than two are used."""
    if len(counts) < 2:
        return None
    total = sum(counts)
    return -sum(count / total * log(count / total) for count in counts) / log(len(counts))


def measure(corpus: Corpus) -> Iterator[Reading]:
    """persona_coverage and persona_evenness, 0 to 1, over all dialogues of the group."""
    uses = Counter(corpus.personas)
    if not uses:
        return
    available = max(corpus.personas_available, len(uses))
    details: Details = {"tok": "none", "available": available}

    def coverage(_: Chosen) -> float | None:
        return len(uses) / available

    def evenness(_: Chosen) -> float | None:
        return pielou(list(uses.values()))

    yield Reading("persona_coverage", coverage, "higher", "none", details, whole=True)
    even: Details = {"variant": "pielou", **details}
    yield Reading("persona_evenness", evenness, "higher", "none", even, whole=True)
