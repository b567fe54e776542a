"""Differences of two arms: intervals, tests, effect sizes, and the correction for many of them.

A stratum is a language; all strata count alike. The intervals resample whole dialogues (pairs of
them, where two arms share scenarios), as those of ``datasets.metrics`` do. The tests are of
permutation: the labels of the arms are exchanged, within each pair where there are pairs. Where a
permutation seldom or never reaches what was found, the tail of the normal distribution with their
spread is taken, never less than one of all permutations that there are.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import comb, erfc, sqrt

import numpy as np
from numpy.typing import NDArray

from crowdglot.statistics import FEWEST, Chosen, auc, bootstraps, halves, middle, ranks, words

Values = NDArray[np.float64]
Of = Callable[[Chosen], float | None]

LEVEL = 0.05
_FEWEST_HITS, _DRAWS = 10, 500


@dataclass(frozen=True, slots=True)
class Design:
    """Dialogues 0 … ``one`` - 1 are of one arm, the next ``other`` of the other one. ``pairs``:
    whether number n of both are of one scenario."""

    one: int
    other: int
    pairs: bool
    path: tuple[str | int, ...]

    @property
    def arms(self) -> tuple[Chosen, Chosen]:
        """The numbers of both arms."""
        return np.arange(self.one), np.arange(self.one, self.one + self.other)

    def exchanged(self, times: int) -> list[tuple[Chosen, Chosen]]:
        """Both arms with labels exchanged at random."""
        return _exchanged(self)[:times]

    def resampled(self, times: int, *, repeated: bool) -> Iterator[tuple[Chosen, Chosen]]:
        """Both arms drawn with replacement, or random halves of them; pairs stay together."""

        def drawn(name: str, count: int) -> Chosen:
            path = ("compare", *self.path, name)
            if repeated:
                return bootstraps(count, _DRAWS, *path)[:times]
            return np.sort(halves(count, _DRAWS, *path)[:times], axis=1)

        kind = "" if repeated else "half "
        one = drawn(f"{kind}one", self.one)
        other = one if self.pairs else drawn(f"{kind}other", self.other)
        return zip(one, other + self.one, strict=True)


@lru_cache(maxsize=8)
def _exchanged(design: Design) -> list[tuple[Chosen, Chosen]]:
    one, other = design.arms
    name, count = ("flips", design.one) if design.pairs else ("labels", design.one + design.other)
    raw = words(_DRAWS * count, "compare", *design.path, name).reshape(_DRAWS, count)
    if design.pairs:
        flips = raw & np.uint64(1) == 1
        return [(np.where(f, other, one), np.where(f, one, other)) for f in flips]
    order = np.argsort(raw, axis=1, kind="stable")
    return [(np.sort(row[: design.one]), np.sort(row[design.one :])) for row in order]


@dataclass(frozen=True, eq=False)
class Measured:
    """One measure of two arms in one language. ``spread``: what resampling adds to the difference;
    ``exchanged``: the difference where labels are exchanged. ``each``: of every dialogue a value,
    where there is one."""

    design: Design
    values: tuple[float, float]
    spread: Values
    exchanged: Values
    each: tuple[Values, Values] | None


def measured(of: Of, design: Design, *, as_halves: bool, times: int) -> Measured | None:
    """A measure in a stratum; None where it is not defined. ``as_halves``: whether repeated
    dialogues would distort it, so that random halves are taken and no dialogue has a value."""
    one, other = (of(numbers) for numbers in design.arms)
    if one is None or other is None:
        return None
    drawn = _differences(of, design.resampled(times, repeated=not as_halves))
    # So the spread of halves, and of few dialogues, is that of as many as there are.
    count = min(design.one, design.other)
    half = max(1, count // 2)
    scale = sqrt(half / (count - half)) if as_halves else sqrt(count / (count - 1))
    spread = (drawn - np.nanmean(drawn)) * scale if np.isfinite(drawn).any() else drawn
    exchanged = _differences(of, design.exchanged(times))
    each = None if as_halves else (_each(of, design.arms[0]), _each(of, design.arms[1]))
    return Measured(design, (one, other), spread, exchanged, each)


def _differences(of: Of, drawn: Iterable[tuple[Chosen, Chosen]]) -> Values:
    both = [(of(one), of(other)) for one, other in drawn]
    return np.array([np.nan if a is None or b is None else b - a for a, b in both], float)


def _each(of: Of, numbers: Chosen) -> Values:
    values = (of(numbers[at : at + 1]) for at in range(len(numbers)))
    return np.array([np.nan if value is None else value for value in values], float)


@dataclass(frozen=True, slots=True)
class Difference:
    """Of one stratum or several. ``values``: of both arms; ``difference``: the other's less the
    one's; ``low``, ``high``: 95%. ``p``: of the test. ``effects``: sizes by name. What cannot be
    told of so few dialogues is None."""

    values: tuple[float, float]
    difference: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    effects: Mapping[str, float] = field(default_factory=dict)


def over(strata: Sequence[Measured]) -> Difference:
    """The mean over strata, each of which counts alike."""
    one, other = (float(np.mean([each.values[at] for each in strata])) for at in (0, 1))
    difference = other - one
    if sum(min(each.design.one, each.design.other) for each in strata) < FEWEST:
        return Difference((one, other), difference)
    spread = np.mean([each.spread for each in strata], axis=0)
    exchanged = np.mean([each.exchanged for each in strata], axis=0)
    spread, exchanged = spread[np.isfinite(spread)], exchanged[np.isfinite(exchanged)]
    low, high = middle(difference + spread) if len(spread) else (None, None)
    least = np.prod([_least(each.design) for each in strata])
    p = _p(difference, exchanged, float(least)) if len(exchanged) else None
    return Difference((one, other), difference, low, high, p, _effects(strata))


def _least(design: Design) -> float:
    """One of all permutations, in a stratum."""
    if design.pairs:
        return 0.5 ** min(design.one, 1000)
    return 1 / comb(design.one + design.other, design.one)


def _p(difference: float, exchanged: Values, least: float) -> float:
    hits = int((np.abs(exchanged) >= abs(difference) - 1e-12).sum())
    if hits >= _FEWEST_HITS or not difference:
        return (hits + 1) / (len(exchanged) + 1)
    # More widely where few permutations tell the spread.
    deviation = float(np.sqrt(np.mean(exchanged**2))) * (1 + 1 / sqrt(2 * len(exchanged)))
    tail = erfc(abs(difference) / deviation / sqrt(2)) if deviation else 0.0
    return min(1.0, max(tail, 2 * least, 1e-12))


def _effects(strata: Sequence[Measured]) -> dict[str, float]:
    each = [(s.each, s.design.pairs) for s in strata if s.each is not None]
    if len(each) < len(strata):
        return {}
    if all(pairs for _, pairs in each):
        gaps = np.concatenate([b - a for (a, b), _ in each])
        gaps = gaps[np.isfinite(gaps)]
        spread = float(gaps.std(ddof=1)) if len(gaps) > 1 else 0.0
        told = {"rank_biserial": rank_biserial(gaps)}
        return told | ({"d_z": float(gaps.mean()) / spread} if spread else {})
    deltas = [cliffs_delta(a[np.isfinite(a)], b[np.isfinite(b)]) for (a, b), _ in each]
    return {"cliffs_delta": float(np.mean(deltas))}


def rank_biserial(gaps: Values) -> float:
    """Of paired differences: the ranks of those above 0 less those below, over all; -1 to 1."""
    gaps = gaps[gaps != 0]
    if not len(gaps):
        return 0.0
    ranked, _ = ranks(np.abs(gaps))
    return float((np.sign(gaps) * ranked).sum() / ranked.sum())


def cliffs_delta(one: Values, other: Values) -> float:
    """How much likelier a value of ``other`` is above one of ``one`` than below; -1 to 1."""
    return 2 * auc(other, one) - 1 if len(one) and len(other) else 0.0
