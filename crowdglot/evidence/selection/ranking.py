"""Where the right answer stands among candidates, and what that is worth beside chance.

Of candidates with the same score nobody knows the order, so a tie counts as what it gives on
average over all orders. ``Bm25`` is that of Okapi (Robertson and Zaragoza 2009): which candidate
shares the rare words of a context.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from crowdglot.datasets.exports.making.distractors import DISTRACTORS
from crowdglot.statistics import bootstraps

_K1, _B = 1.2, 0.75
CANDIDATES = DISTRACTORS + 1
MEASURES = ("R20@1", "R20@5", "MRR")
_RESAMPLES = 500

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Share:
    """A figure, 0 to 1, with its interval of 95% over dialogues, and what guessing reaches."""

    measure: str
    value: float
    low: float
    high: float
    chance: float


def credit(scores: Sequence[float], right: int) -> tuple[float, float, float]:
    """Of each of ``MEASURES`` what one question gives; ``right``: the place of the right answer."""
    above = sum(score > scores[right] for score in scores)
    tied = sum(score == scores[right] for score in scores)
    ranks = range(above + 1, above + tied + 1)
    one, five = (sum(rank <= most for rank in ranks) / tied for most in (1, 5))
    return one, five, sum(1 / rank for rank in ranks) / tied


def summarise(credits: Numbers, dialogues: NDArray[np.int64]) -> tuple[Share, ...]:
    """The figures over questions; ``credits``: one row each, ``dialogues``: whose it is, from 0."""
    count = int(dialogues.max()) + 1
    sizes = np.bincount(dialogues, minlength=count)
    sums = np.stack([np.bincount(dialogues, column, count) for column in credits.T], axis=1)
    drawn = bootstraps(count, _RESAMPLES, 0, "metrics", "bootstrap")
    resampled = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)[:, None]
    ends = np.percentile(resampled, (2.5, 97.5), axis=0)
    chance = credit([0.0] * CANDIDATES, 0)
    return tuple(
        Share(name, *map(float, figures))
        for name, *figures in zip(MEASURES, credits.mean(axis=0), *ends, chance, strict=True)
    )


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
