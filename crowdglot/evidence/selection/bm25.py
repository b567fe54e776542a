"""Okapi BM25 (Robertson and Zaragoza 2009): which candidate shares the rare words of a context."""

from collections import Counter
from collections.abc import Sequence
from math import log

_K1, _B = 1.2, 0.75


class Bm25:
    """Over ``documents``, lists of tokens, of which the frequencies of words and the mean length
    are taken."""

    def __init__(self, documents: Sequence[Sequence[str]]) -> None:
        self._size = len(documents)
        self._mean = max(1.0, sum(map(len, documents)) / max(1, len(documents)))
        self._holding = Counter(token for document in documents for token in set(document))

    def score(self, query: Sequence[str], document: Sequence[str]) -> float:
        """The sum over the different words of the query that the document holds."""
        counts = Counter(document)
        norm = _K1 * (1 - _B + _B * len(document) / self._mean)
        return sum(
            self._rarity(token) * counts[token] * (_K1 + 1) / (counts[token] + norm)
            for token in sorted(set(query) & counts.keys())
        )

    def _rarity(self, token: str) -> float:
        """log of how few documents hold it, never below 0."""
        holding = self._holding[token]
        return log(1 + (self._size - holding + 0.5) / (holding + 0.5))
