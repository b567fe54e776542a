"""How far raters agree: Krippendorff's alpha, with an interval.

Krippendorff, *Computing Krippendorff's Alpha-Reliability* (2011): alpha is 1 - observed over
expected disagreement, where every pair of ratings of one dialogue counts; 1: all agree, 0: as by
chance. Ratings that are missing are no disagreement. The interval of 95% draws dialogues with
replacement.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from crowdglot.datasets.browse.ratings import DECISIONS, SCALES, Draft, Rating
from crowdglot.statistics import FEWEST, bootstrap

Level = Literal["nominal", "ordinal"]
Counts = NDArray[np.float64]


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


def agreements(ratings: Sequence[Rating]) -> Iterator[Agreement]:
    """Of every language and question, where a dialogue was rated by two or more."""
    for language in sorted({one.language for one in ratings}):
        for question in (*SCALES, "decision"):
            told: dict[Draft, dict[str, int]] = {}
            for one in ratings:
                if one.language == language and (said := _value(one, question)) is not None:
                    told.setdefault(one.draft, {})[one.rater] = said
            shared = [values for values in told.values() if len(values) > 1]
            if shared:
                level: Level = "nominal" if question == "decision" else "ordinal"
                numbers = [Counter(values.values()) for values in shared]
                counts = np.array([[some[value] for value in range(5)] for some in numbers], float)
                raters = len({rater for values in shared for rater in values})
                low, high = interval(counts, level)
                value = alpha(counts, level)
                yield Agreement(language, question, level, value, low, high, len(shared), raters)


def _value(rating: Rating, question: str) -> int | None:
    """A rater's answer as a number from 0; None where there is none."""
    if question == "decision":
        return DECISIONS.index(rating.decision) if rating.decision else None
    score = {**rating.scores}.get(question)  # type: ignore[call-overload]
    return None if score is None else score - 1


def alpha(counts: Counts, level: Level) -> float | None:
    """Krippendorff's alpha; ``counts``: dialogues x values, how many gave this value, 2 or more a
    dialogue. None where all ratings together are of one value."""
    found = _alpha(_coincidences(counts).sum(axis=0), level)
    return None if np.isnan(found) else found


def interval(counts: Counts, level: Level) -> tuple[float, float] | tuple[None, None]:
    """The interval of 95%; draws in which alpha is not defined count as the whole."""
    whole = alpha(counts, level)
    if len(counts) < FEWEST or whole is None:
        return None, None
    pairs = _coincidences(counts)

    def of(chosen: NDArray[np.intp]) -> float:
        drawn = _alpha(pairs[chosen].sum(axis=0), level)
        return whole if np.isnan(drawn) else drawn

    return bootstrap(len(counts), of)


def _coincidences(counts: Counts) -> Counts:
    """Dialogues x values x values: the pairs of ratings of each, every rating of weight 1."""
    pairs = counts[:, :, None] * counts[:, None, :]
    values = np.arange(counts.shape[1])
    pairs[:, values, values] -= counts
    weighted: Counts = pairs / (counts.sum(axis=1) - 1)[:, None, None]
    return weighted


def _alpha(pairs: Counts, level: Level) -> float:
    of_value = pairs.sum(axis=1)
    if level == "nominal":
        apart = 1 - np.eye(len(of_value))
    else:  # squared: of ratings, those between two values and half of those of each
        ranks = np.cumsum(of_value) - of_value / 2
        apart = (ranks[:, None] - ranks[None, :]) ** 2
    expected = (np.outer(of_value, of_value) * apart).sum() / max(1.0, of_value.sum() - 1)
    return float(1 - (pairs * apart).sum() / expected) if expected else float("nan")


def decided(ratings: Iterable[Rating]) -> Mapping[Draft, bool]:
    """Whether most of its raters accept a draft; none where as many accept as reject."""
    votes = Counter[Draft]()
    for one in ratings:
        if one.decision:
            votes[one.draft] += 1 if one.decision == "accept" else -1
    return {draft: vote > 0 for draft, vote in votes.items() if vote}
