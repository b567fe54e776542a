"""Persona coverage: how many of the available personas were used, and how evenly."""

from collections import Counter
from collections.abc import Iterator
from math import log

from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Details, Reading


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
    coverage, evenness = len(uses) / available, pielou(list(uses.values()))
    details: Details = {"tok": "none", "available": available}
    yield Reading("persona_coverage", lambda _: coverage, "higher", "none", details, whole=True)
    details = {"variant": "pielou", **details}
    yield Reading("persona_evenness", lambda _: evenness, "higher", "none", details, whole=True)
