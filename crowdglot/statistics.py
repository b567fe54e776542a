"""Statistics that several rooms share: draws, intervals, ranks, the correction for many tests."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from crowdglot.draws import Draws

Z = 1.959964  # standard deviations on either side of the mean that hold 95% of a normal spread
FEWEST = 8  # with fewer dialogues an interval says nothing
_RESAMPLES = 500

Numbers = NDArray[np.float64]
Chosen = NDArray[np.int64]  # numbers of dialogues


def words(count: int, *path: str | int) -> NDArray[np.uint64]:
    """Raw words of numpy's PCG64, the part of it that does not change between versions."""
    return np.asarray(np.random.PCG64(Draws(*path).word()).random_raw(count), np.uint64)


def some_numbers(count: int, size: int, seed: int, *path: str) -> Chosen:
    """``size`` of the numbers below ``count``, in rising order, by seed and path."""
    order = np.argsort(words(count, seed, "metrics", *path), kind="stable")
    return np.sort(order[:size]).astype(np.int64)


@lru_cache(maxsize=64)
def bootstraps(count: int, draws: int, *path: str | int) -> Chosen:
    """``draws`` rows of ``count`` numbers below ``count``, drawn with replacement."""
    raw = words(count * draws, *path) >> np.uint64(32)
    return ((raw * np.uint64(count)) >> np.uint64(32)).astype(np.int64).reshape(draws, count)


@lru_cache(maxsize=64)
def halves(count: int, draws: int, *path: str | int) -> Chosen:
    """``draws`` rows of half the numbers below ``count``, at least one, none twice in a row."""
    order = np.argsort(words(count * draws, *path).reshape(draws, count), axis=1, kind="stable")
    return order[:, : max(1, count // 2)].astype(np.int64)


def middle(drawn: Sequence[float] | Numbers) -> tuple[float, float]:
    """The two values between which 95% of these are."""
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def bootstrap(
    count: int, of: Callable[[Chosen], float], draws: int = _RESAMPLES
) -> tuple[float, float]:
    """The 95% interval of a figure of ``count`` dialogues, by the numbers of those drawn."""
    return middle([of(one) for one in bootstraps(count, draws, 0, "metrics", "bootstrap")])


def mean_between(values: Numbers, draws: int = _RESAMPLES) -> tuple[float, float, float]:
    """The mean of these values and its 95% interval."""
    ends = bootstrap(len(values), lambda drawn: float(values[drawn].mean()), draws)
    return float(values.mean()), *ends


def wilson(count: int, of: int) -> tuple[float, float]:
    """The 95% interval of a share (Wilson 1927); ``of`` at least 1."""
    share, add = count / of, Z * Z / of
    centre = (share + add / 2) / (1 + add)
    half = Z * sqrt(share * (1 - share) / of + add / (4 * of)) / (1 + add)
    return max(0.0, centre - half), min(1.0, centre + half)


def auc(one: Numbers, other: Numbers) -> float:
    """The probability that a value of ``one`` exceeds one of ``other``, ties half."""
    ordered = np.sort(other)
    below = np.searchsorted(ordered, one, side="left")
    upto = np.searchsorted(ordered, one, side="right")
    return float((below + upto).mean() / 2 / len(other))


def ranks(values: Numbers) -> tuple[Numbers, NDArray[np.intp]]:
    """The rank of each value from 1, where ties share the mean of theirs; and how many values are
    alike, of each kind."""
    _, kind, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[kind], counts


def holm(values: Sequence[float | None], tests: int = 0) -> list[float | None]:
    """The p-values corrected for their number (Holm 1979); None stays and counts for nothing.

    ``tests``: how many were made, where these are the smallest of them.
    """
    known = sorted((p, at) for at, p in enumerate(values) if p is not None)
    corrected: list[float | None] = [None] * len(values)
    least = 0.0
    for rank, (p, at) in enumerate(known):
        least = max(least, min(1.0, p * (max(tests, len(known)) - rank)))
        corrected[at] = least
    return corrected
