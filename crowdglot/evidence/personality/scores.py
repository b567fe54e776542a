"""From ratings to trait scores of 0 to 100, and how far they can be trusted.

Consistency, robustness and fairness are 100 / (100 + d), 1 being best; d is a distance between two
sets of five trait scores: of the items that say a trait and those that deny it (mean over
speakers), of the two orders of answers (mean over speakers), and of the two groups of a kind whose
means are farthest apart.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from crowdglot.evidence.audit.figures import FEWEST, Rate
from crowdglot.evidence.personality.inventory import TRAITS, Ratings, items
from crowdglot.statistics import FEWEST as FEWEST_RESAMPLED
from crowdglot.statistics import mean_between

# Where the two keys of a trait are farther apart, its scores are not believed.
MOST_APART = 40.0
_ALPHA = 100.0

Scores = NDArray[np.float64]  # speakers x traits, 0 to 100; NaN: too few ratings


@dataclass(frozen=True, slots=True)
class Trait:
    """``mean`` over speakers with its interval of 95% (None below eight speakers); all None where
    there is no score or the keys are too far apart. ``keys_apart``: points between the items that
    say the trait and those that deny it. ``agreement``: how often the sign is that of the persona,
    over the speakers whose persona declares one."""

    mean: float | None
    low: float | None
    high: float | None
    keys_apart: float | None
    agreement: Rate


def scores_of(ratings: Sequence[Ratings], keyed: int = 0, order: int | None = None) -> Scores:
    """The scores of speakers, by all items or those of one key, in both orders or one."""
    every = np.array(ratings, float)
    signs = np.array([item.keyed for item in items()])
    towards = np.where(signs[None, :, None] > 0, every, 6 - every)
    chosen = towards if order is None else towards[:, :, [order]]
    columns = []
    for trait in TRAITS:
        own = [item.trait == trait and keyed * item.keyed >= 0 for item in items()]
        flat = chosen[:, own].reshape(len(every), -1)
        enough = 2 * np.isfinite(flat).sum(axis=1) >= flat.shape[1]
        columns.append(np.where(enough, (_means(flat, 1) - 1) * 25, np.nan))
    return np.stack(columns, axis=1)


def _means(values: Scores, axis: int) -> Scores:
    """The means of those that are known; NaN where none is."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    sums = np.where(known, values, 0).sum(axis=axis)
    return np.where(count, sums / np.maximum(count, 1), np.nan)


def likeness(one: Scores, other: Scores) -> float | None:
    """100 / (100 + the mean distance of their rows); None where no row has a trait in both."""
    apart = one - other
    known = np.isfinite(apart)
    rows = known.any(axis=1)
    if not rows.any():
        return None
    squares = np.where(known, apart, 0) ** 2
    of_five = len(TRAITS) / known.sum(axis=1)[rows]
    return float(_ALPHA / (_ALPHA + np.sqrt(squares.sum(axis=1)[rows] * of_five).mean()))


def traits_in(ratings: Sequence[Ratings], signs: Sequence[Mapping[str, int]]) -> dict[str, Trait]:
    """Of each trait what is to be told; ``signs``: what each speaker's persona declares."""
    scores = scores_of(ratings)
    apart = np.abs(scores_of(ratings, 1) - scores_of(ratings, -1))
    return {
        trait: _trait(scores[:, at], apart[:, at], [one.get(trait, 0) for one in signs])
        for at, trait in enumerate(TRAITS)
    }


def _trait(scores: Scores, apart: Scores, signs: Sequence[int]) -> Trait:
    known, both = scores[np.isfinite(scores)], apart[np.isfinite(apart)]
    keys_apart = float(both.mean()) if len(both) else None
    if not len(known) or keys_apart is None or keys_apart > MOST_APART:
        return Trait(None, None, None, keys_apart, Rate.over(0, 0))
    told = [
        np.sign(score - 50) == sign
        for score, sign in zip(scores, signs, strict=True)
        if sign and np.isfinite(score) and score != 50
    ]
    agreement = Rate.over(int(sum(told)), len(told))
    if len(known) < FEWEST_RESAMPLED:
        return Trait(float(known.mean()), None, None, keys_apart, agreement)
    return Trait(*mean_between(known), keys_apart, agreement)


def fairness(
    scores: Scores, groups: Sequence[frozenset[str]]
) -> tuple[dict[str, float], list[str]]:
    """By kind of group the likeness of the two that are farthest apart; and a sentence on each
    group that has too few speakers."""
    members: dict[str, list[int]] = defaultdict(list)
    for at, names in enumerate(groups):
        for name in names:
            members[name].append(at)
    doubts = [
        f"{name}: {len(own)} of the {FEWEST} speakers that a mean takes."
        for name, own in sorted(members.items())
        if len(own) < FEWEST
    ]
    means: dict[str, list[Scores]] = defaultdict(list)
    for name, own in members.items():
        if len(own) >= FEWEST:
            means[name.split(": ")[0]].append(_means(scores[own], 0))
    fair = {}
    for kind, vectors in means.items():
        pairs = [likeness(a[None], b[None]) for a, b in combinations(vectors, 2)]
        if known := [one for one in pairs if one is not None]:
            fair[kind] = min(known)
    return fair, doubts
