"""The statistics that several rooms share: intervals, ranks, and the correction for many tests."""

from collections.abc import Callable, Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Z = 1.959964  # standard deviations on either side of the mean that hold 95% of a normal spread
FEWEST = 8  # with fewer dialogues an interval says nothing
_RESAMPLES = 500

Numbers = NDArray[np.float64]


def middle(drawn: Sequence[float] | Numbers) -> tuple[float, float]:
    """The two values between which 95% of these are."""
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def bootstrap(count: int, of: Callable[[NDArray[np.intp]], float]) -> tuple[float, float]:
    """The 95% interval of a figure of ``count`` dialogues, by the numbers of those drawn."""
    drawn = np.random.default_rng(0).integers(0, count, (_RESAMPLES, count))
    return middle([of(one) for one in drawn])


def bootstrap_mean(values: Numbers) -> tuple[float, float]:
    """The 95% interval of the mean of these values."""
    return bootstrap(len(values), lambda drawn: float(values[drawn].mean()))


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
