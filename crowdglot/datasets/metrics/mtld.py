"""MTLD (McCarthy and Jarvis 2010): how many words run on until the type/token ratio drops.

A factor ends where the ratio falls below 0.72; the rest counts as the share of the way it went.
Dialogues are walked one by one, forward and backward; the figure is words over factors, pooled over
dialogues, the mean of both directions. Punctuation is no word.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Reading
from crowdglot.datasets.metrics.measuring.tokenisation import is_word
from crowdglot.statistics import Chosen

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
    documents = [list(filter(is_word, document)) for document in corpus.documents]
    terms = np.array([(len(d), factors(d), factors(reversed(d))) for d in documents], np.float64)

    def of(chosen: Chosen) -> float | None:
        words, forward, backward = terms[chosen].sum(axis=0) if len(chosen) else (0, 0, 0)
        return float((words / forward + words / backward) / 2) if forward and backward else None

    yield Reading("mtld", of, "higher", "bootstrap", {"variant": "words", "ttr": THRESHOLD})
