"""Expectation-adjusted distinct (Liu et al. 2022, 2202.13587): distinct-1 freed of the length.

EAD = N / (V · (1 - ((V - 1) / V)^C)) with N different tokens among C, and V the size of a
vocabulary: how many different tokens, over how many C even draws from V would show.
"""

from collections.abc import Iterator

from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Reading
from crowdglot.statistics import Chosen

BUDGETED = True
# Fixed, because V must be equal for all that is compared; about a speaker's vocabulary.
VOCABULARY = 30_000


def ead(different: int, tokens: int, vocabulary: int = VOCABULARY) -> float:
    """The formula; ``tokens`` is at least 1."""
    return different / (vocabulary * (1 - ((vocabulary - 1) / vocabulary) ** tokens))


def measure(corpus: Corpus) -> Iterator[Reading]:
    """ead: over all dialogues together."""

    def of(chosen: Chosen) -> float | None:
        different, tokens = corpus.grams(1).kinds_among(chosen, len(corpus))
        return ead(different, tokens) if tokens else None

    yield Reading("ead", of, "higher", "halves", {"n": 1, "V": VOCABULARY}, 100)
