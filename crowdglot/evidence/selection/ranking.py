"""Where the right answer stands among candidates, and what that is worth beside chance.

Of candidates with the same score nobody knows the order, so a tie counts as what it gives on
average over all orders.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crowdglot.datasets.exports.making.distractors import DISTRACTORS
from crowdglot.statistics import bootstraps

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


def summarise(credits: Numbers, dialogues: NDArray[np.int64], seed: int) -> tuple[Share, ...]:
    """The figures over questions; ``credits``: one row each, ``dialogues``: whose it is, from 0."""
    count = int(dialogues.max()) + 1
    sizes = np.bincount(dialogues, minlength=count)
    sums = np.stack([np.bincount(dialogues, column, count) for column in credits.T], axis=1)
    drawn = bootstraps(count, _RESAMPLES, seed, "metrics", "bootstrap")
    resampled = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)[:, None]
    ends = np.percentile(resampled, (2.5, 97.5), axis=0)
    chance = credit([0.0] * CANDIDATES, 0)
    return tuple(
        Share(name, *map(float, figures))
        for name, *figures in zip(MEASURES, credits.mean(axis=0), *ends, chance, strict=True)
    )
