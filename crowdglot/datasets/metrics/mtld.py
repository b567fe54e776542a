"""MTLD (McCarthy and Jarvis 2010): how many words run on until the type/token ratio drops.

A factor ends where the ratio falls below 0.72; the rest counts as the share of the way it went.
Dialogues are walked one by one, forward and backward; the figure is words over factors, pooled over
dialogues, the mean of both directions. Punctuation is no word.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Chosen, Details, Reading
from crowdglot.datasets.metrics.measuring.tokenisation import is_word

THRESHOLD = 0.72


def factors(words: Iterable[str]) -> float:
    """How many times the ratio of different words to words falls below the threshold."""
    whole, seen, length = 0.0, set[str](), 0
    for word in words:
        seen.add(word)
        length += 1
        if len(seen) / length < THRESHOLD:
            whole, seen, length = whole + 1, set(), 0
    return whole + ((1 - len(seen) / length) / (1 - THRESHOLD) if length else 0.0)


def measure(corpus: Corpus) -> Iterator[Reading]:
    """mtld, in words."""
    terms = np.array([_both_ways(list(filter(is_word, d))) for d in corpus.documents])

    def of(chosen: Chosen) -> float | None:
        return _pooled(terms[chosen]) if len(chosen) else None

    details: Details = {"variant": "words", "ttr": THRESHOLD}
    yield Reading("mtld", of, "higher", "bootstrap", details)


def _both_ways(words: Sequence[str]) -> tuple[float, float, float]:
    return float(len(words)), factors(words), factors(reversed(words))


def _pooled(terms: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> float | None:
    words, forward, backward = terms.sum(axis=0)
    if not forward or not backward:
        return None
    return float((words / forward + words / backward) / 2)
