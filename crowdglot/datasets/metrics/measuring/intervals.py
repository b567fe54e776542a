"""95% intervals of a reading, by resampling whole dialogues.

Means over dialogues get the percentile bootstrap; the score of each dialogue against the others
(Self-BLEU, self-repetition) is held fixed in it. Metrics that count repetition over the set
(distinct-n, compression) do not, because a bootstrap draws dialogues twice, which adds repetition.
They get random halves without replacement (the delete-half jackknife, Shao and Wu 1989): the spread
of halves is that of the whole, up to sqrt(m / (n - m)); the interval is the value ± 1.96 spreads.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from crowdglot.datasets.metrics.measuring.figure import Chosen, Reading
from crowdglot.draws import Draws

FEWEST = 8  # with fewer dialogues an interval says nothing
_TAILS = (2.5, 97.5)
_WIDTH = 1.96


def interval(
    reading: Reading, value: float, count: int, seed: int, resamples: int
) -> tuple[float, float] | None:
    """Low and high; None where the reading gives none or ``count`` dialogues are too few.

    ``value``: the reading over all dialogues.
    """
    draws = min(resamples, reading.resamples)
    if reading.interval == "none" or count < FEWEST or draws < 1:
        return None
    bootstrap = reading.interval == "bootstrap"
    chosen = (bootstraps if bootstrap else halves)(count, seed, draws)
    values = np.array([one for row in chosen if (one := reading.of(row)) is not None])
    if not len(values):
        return None
    if bootstrap:
        low, high = np.percentile(values, _TAILS)
        return float(low), float(high)
    half = count // 2
    spread = float(values.std()) * (half / (count - half)) ** 0.5
    return value - _WIDTH * spread, value + _WIDTH * spread


def some_numbers(count: int, size: int, seed: int, *path: str) -> Chosen:
    """``size`` of the numbers below ``count``, in rising order, by seed and path."""
    return np.sort(np.argsort(_raw(count, seed, *path), kind="stable")[:size]).astype(np.int64)


@lru_cache(maxsize=64)
def bootstraps(count: int, seed: int, draws: int) -> Chosen:
    """``draws`` rows of ``count`` numbers below ``count``, drawn with replacement."""
    raw = _raw(count * draws, seed, "bootstrap") >> np.uint64(32)
    return ((raw * np.uint64(count)) >> np.uint64(32)).astype(np.int64).reshape(draws, count)


@lru_cache(maxsize=64)
def halves(count: int, seed: int, draws: int) -> Chosen:
    """``draws`` rows of half the numbers below ``count``, none twice in a row."""
    raw = _raw(count * draws, seed, "halves").reshape(draws, count)
    return np.argsort(raw, axis=1, kind="stable")[:, : count // 2].astype(np.int64)


def _raw(count: int, seed: int, *path: str) -> NDArray[np.uint64]:
    """Raw words of numpy's PCG64, the part of it that does not change between versions."""
    return np.asarray(np.random.PCG64(Draws(seed, "metrics", *path).word()).random_raw(count))
