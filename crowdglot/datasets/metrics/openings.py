"""How differently dialogues open: the entropy of the first three words of their first turns.

Shannon entropy over its greatest value: 1 where no two dialogues open alike, 0 where all do.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Details, Reading
from crowdglot.datasets.metrics.measuring.tokenisation import is_word, tokenise
from crowdglot.statistics import Chosen

WORDS = 3


def evenness(counts: Sequence[int]) -> float | None:
    """Entropy of the counts over its maximum for so many draws; None below two draws."""
    drawn = np.array(counts, np.float64)
    if drawn.sum() < 2:
        return None
    shares = drawn / drawn.sum()
    return max(0.0, float(-(shares * np.log(shares)).sum() / np.log(drawn.sum())))


def measure(corpus: Corpus) -> Iterator[Reading]:
    """opening_entropy, 0 to 1."""
    firsts = [tokenise(next(iter(turns), ""), corpus.tokeniser) for turns in corpus.turns]
    openings = [tuple(filter(is_word, first))[:WORDS] for first in firsts]

    def of(chosen: Chosen) -> float | None:
        return evenness(list(Counter(openings[number] for number in chosen).values()))

    details: Details = {"variant": "normalised", "n": WORDS}
    yield Reading("opening_entropy", of, "higher", "halves", details, 100)
