"""How far raters agree: Krippendorff's alpha, with an interval.

Krippendorff, *Computing Krippendorff's Alpha-Reliability* (2011): alpha is 1 - observed over
expected disagreement, where every pair of ratings of one dialogue counts; 1: all agree, 0: as by
chance. Ratings that are missing are no disagreement. The interval of 95% draws dialogues with
replacement.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from crowdglot.critics.calibration.trials import bootstrap
from crowdglot.datasets.browse.ratings import DECISIONS, SCALES, Rating

Level = Literal["nominal", "ordinal"]
Counts = NDArray[np.float64]

FEWEST = 8  # dialogues; with fewer an interval says nothing


@dataclass(frozen=True, slots=True)
class Agreement:
    """``alpha``: None where it is not defined, as where all ratings are the same. ``low`` and
    ``high``: its interval, None below ``FEWEST`` dialogues. ``dialogues``: rated by two or more;
    ``raters``: of these. ``level``: what of two ratings counts: that they differ, or how far."""

    language: str
    question: str
    level: Level
    alpha: float | None
    low: float | None
    high: float | None
    dialogues: int
    raters: int


def agreements(ratings: Sequence[Rating]) -> list[Agreement]:
    """Of every language and question, where a dialogue was rated by two or more."""
    told = []
    for language in sorted({one.language for one in ratings}):
        own = [one for one in ratings if one.language == language]
        for scale in SCALES:
            said = ((one, one.scores[scale] - 1) for one in own if scale in one.scores)
            told += _agreement(language, scale, "ordinal", 5, said)
        decided = ((one, DECISIONS.index(one.decision)) for one in own if one.decision)
        told += _agreement(language, "decision", "nominal", len(DECISIONS), decided)
    return told


def _agreement(
    language: str, question: str, level: Level, count: int, said: Iterable[tuple[Rating, int]]
) -> list[Agreement]:
    """One agreement, or none where nobody rated what another did."""
    by_draft: dict[object, dict[str, int]] = {}
    for one, number in said:
        by_draft.setdefault(one.draft, {})[one.rater] = number
    shared = [values for values in by_draft.values() if len(values) > 1]
    if not shared:
        return []
    counts = np.zeros((len(shared), count))
    for at, said_of_it in enumerate(shared):
        np.add.at(counts[at], list(said_of_it.values()), 1)
    value, (low, high) = alpha(counts, level), interval(counts, level)
    raters = len({rater for one in shared for rater in one})
    return [Agreement(language, question, level, value, low, high, len(shared), raters)]


def alpha(counts: Counts, level: Level) -> float | None:
    """Krippendorff's alpha; ``counts``: dialogues x values, how many gave this value, 2 or more a
    dialogue. None where all ratings together are of one value."""
    found = _alpha(_coincidences(counts).sum(axis=0), level)
    return None if np.isnan(found) else found


def interval(counts: Counts, level: Level) -> tuple[float, float] | tuple[None, None]:
    """The interval of 95%; draws in which alpha is not defined count as the whole."""
    if len(counts) < FEWEST or alpha(counts, level) is None:
        return None, None
    pairs = _coincidences(counts)
    whole = _alpha(pairs.sum(axis=0), level)

    def of(chosen: NDArray[np.intp]) -> float:
        drawn = _alpha(pairs[chosen].sum(axis=0), level)
        return whole if np.isnan(drawn) else drawn

    return bootstrap(len(counts), of)


def _coincidences(counts: Counts) -> Counts:
    """Dialogues x values x values: the pairs of ratings of each dialogue, each rating with the
    weight 1."""
    raters = counts.sum(axis=1)
    pairs = counts[:, :, None] * counts[:, None, :]
    values = np.arange(counts.shape[1])
    pairs[:, values, values] -= counts
    weighted: Counts = pairs / (raters - 1)[:, None, None]
    return weighted


def _alpha(pairs: Counts, level: Level) -> float:
    of_value = pairs.sum(axis=1)
    apart = _distances(of_value, level)
    expected = (np.outer(of_value, of_value) * apart).sum() / max(1.0, of_value.sum() - 1)
    return float(1 - (pairs * apart).sum() / expected) if expected else float("nan")


def _distances(of_value: Counts, level: Level) -> Counts:
    """Squared: of ranks, the ratings between two values and half of those of each; or 0 and 1."""
    if level == "nominal":
        return 1 - np.eye(len(of_value))
    upto = np.cumsum(of_value) - of_value / 2
    ranks: Counts = (upto[:, None] - upto[None, :]) ** 2
    return ranks


def decided(ratings: Iterable[Rating]) -> Mapping[tuple[str, int, int, str], bool]:
    """Whether most of its raters accept a draft; none where as many accept as reject."""
    votes: dict[tuple[str, int, int, str], int] = {}
    for one in ratings:
        if one.decision:
            votes[one.draft] = votes.get(one.draft, 0) + (1 if one.decision == "accept" else -1)
    return {draft: vote > 0 for draft, vote in votes.items() if vote}
