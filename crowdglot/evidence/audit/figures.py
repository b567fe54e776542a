"""Rates and differences with their intervals, and how likely chance alone makes a difference.

A stratum is four counts: those of a group in which something was found, all of the group, and the
same of those who are compared with it, within one language and speech event: so a group that meets
other events than the rest is not blamed for them.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from crowdglot.statistics import Z, holm, middle, wilson

# From so many dialogues (or speakers) on, a group has a rate.
FEWEST = 20
_MOST_EXACT = 2_000  # different counts that are possible, for an exact probability
_DRAWS = 2_000

Stratum = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Rate:
    """``count`` of ``of``; ``value``, ``low``, ``high``: the rate and Wilson's interval of 95%,
    None where ``of`` is below ``FEWEST``."""

    count: int
    of: int
    value: float | None
    low: float | None
    high: float | None

    @classmethod
    def over(cls, count: int, of: int, fewest: int = FEWEST) -> "Rate":
        """The rate of these counts."""
        if of < max(1, fewest):
            return cls(count, of, None, None, None)
        return cls(count, of, count / of, *wilson(count, of))


@dataclass(frozen=True, slots=True)
class Difference:
    """A group's rate less that of the others, by strata (Mantel and Haenszel), with its interval of
    95%: by the variance of Sato, or Newcombe's of all strata together where that is wider. ``p``:
    how likely chance makes one so large; after ``corrected`` of one so large anywhere among those
    that are looked at together."""

    value: float
    low: float
    high: float
    p: float

    @property
    def found(self) -> bool:
        """Whether chance makes it in less than one of twenty."""
        return self.p < 0.05


def difference(strata: Iterable[Stratum]) -> Difference | None:
    """None where the group or the others are too few in the strata where both are."""
    both = [one for one in strata if one[1] and one[3]]
    if sum(one[1] for one in both) < FEWEST or sum(one[3] for one in both) < FEWEST:
        return None
    x1, n1, x0, n0 = np.array(both, float).T
    whole = n1 + n0
    weight = n1 * n0 / whole
    value = float(((x1 / n1 - x0 / n0) * weight).sum() / weight.sum())
    p = (n1**2 * x0 - n0**2 * x1 + n1 * n0 * (n0 - n1) / 2) / whole**2
    q = (x1 * (n0 - x0) + x0 * (n1 - x1)) / (2 * whole)
    half = Z * math.sqrt(max(0.0, float(value * p.sum() + q.sum()))) / float(weight.sum())
    below, above = _newcombe(*(int(one.sum()) for one in (x1, n1, x0, n0)))
    low, high = max(-1.0, value - max(half, below)), min(1.0, value + max(half, above))
    return Difference(value, low, high, _probability(both))


def _newcombe(x1: int, n1: int, x0: int, n0: int) -> tuple[float, float]:
    """How far the difference of two rates may be below and above what was found: not nothing where
    nothing was found."""
    (a, b), (c, d) = wilson(x1, n1), wilson(x0, n0)
    return math.hypot(x1 / n1 - a, d - x0 / n0), math.hypot(b - x1 / n1, x0 / n0 - c)


def _probability(strata: Sequence[Stratum]) -> float:
    """Two-sided, with the counts of each stratum given: exact, or normal where counts are many."""
    found = sum(one[0] for one in strata)
    telling = [one for one in strata if 0 < one[0] + one[2] < one[1] + one[3]]
    if not telling:
        return 1.0
    ways = sum(min(x1 + x0, n1) for x1, n1, x0, n0 in telling)
    if ways > _MOST_EXACT:
        return _normal(telling)
    least = sum(one[0] for one in strata if one not in telling)
    spread = np.ones(1)
    for x1, n1, x0, n0 in telling:
        low, chances = _hypergeometric(x1 + x0, n1, n0)
        least += low
        spread = np.convolve(spread, chances)
    return min(1.0, float(spread[spread <= spread[found - least] * (1 + 1e-9)].sum()))


@lru_cache(maxsize=4096)
def _hypergeometric(positive: int, own: int, others: int) -> tuple[int, NDArray[np.float64]]:
    """The fewest of ``positive`` that can be among ``own``, and the chances of each number on."""
    low, high = max(0, positive - others), min(positive, own)
    logs = np.array(
        [_choose(own, k) + _choose(others, positive - k) for k in range(low, high + 1)]
    ) - _choose(own + others, positive)
    return low, np.exp(logs)


def _choose(of: int, some: int) -> float:
    return math.lgamma(of + 1) - math.lgamma(some + 1) - math.lgamma(of - some + 1)


def _normal(strata: Sequence[Stratum]) -> float:
    x1, n1, x0, n0 = np.array(strata, float).T
    whole, positive = n1 + n0, x1 + x0
    spread = (n1 * n0 * positive * (whole - positive) / (whole**2 * (whole - 1))).sum()
    off = max(0.0, abs((x1 - positive * n1 / whole).sum()) - 0.5)
    return math.erfc(off / math.sqrt(2 * spread)) if spread else 1.0


def corrected(differences: Sequence[Difference | None]) -> list[Difference | None]:
    """The same with Holm's correction for as many as there are."""
    values = holm([one.p if one else None for one in differences])
    return [
        None if one is None or p is None else replace(one, p=p)
        for one, p in zip(differences, values, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Spread:
    """The highest rate among groups less the lowest, with its interval of 95%. ``chance``: what it
    stays below in 95 of 100 cases where all groups have one rate."""

    value: float
    low: float
    high: float
    chance: float


def spread(rates: Sequence[Rate]) -> Spread | None:
    """Of the groups that have a rate; None where fewer than two have one."""
    known = [one for one in rates if one.value is not None]
    if len(known) < 2:
        return None
    of, count = (np.array([getattr(one, name) for one in known]) for name in ("of", "count"))
    rng = np.random.default_rng(0)
    drawn = rng.binomial(of, count / of, (_DRAWS, len(known))) / of
    alike = rng.binomial(of, count.sum() / of.sum(), (_DRAWS, len(known))) / of
    low, high = middle(np.ptp(drawn, axis=1))
    chance = float(np.quantile(np.ptp(alike, axis=1), 0.95))
    return Spread(float(np.ptp(count / of)), low, high, chance)
