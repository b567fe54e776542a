"""What a metric gives (a reading) and what is published of it: a figure, its interval, a signature.

The 95% intervals resample whole dialogues. Means over dialogues get the percentile bootstrap; the
score of each dialogue against the others (Self-BLEU, self-repetition) is held fixed in it. Metrics
that count repetition over the set (distinct-n, compression) do not, because a bootstrap draws
dialogues twice, which adds repetition. They get random halves without replacement (the delete-half
jackknife, Shao and Wu 1989): the spread of halves is that of the whole, up to sqrt(m / (n - m)).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from crowdglot import __version__
from crowdglot.statistics import FEWEST, Chosen, Z, bootstraps, halves, middle

Better = Literal["higher", "lower", "neither"]
Interval = Literal["bootstrap", "halves", "none"]
Details = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Reading:
    """A metric of one corpus that can be taken again on some of its dialogues.

    ``of``: the value over the dialogues with these numbers; None where it is not defined.
    ``interval``: "bootstrap" for means over dialogues, "halves" where a repeated dialogue would
    distort the value (see above), "none" for no interval. ``resamples``: at most so many.
    ``whole``: counted over all dialogues of the group, not over the subsample. ``details``: what
    the signature adds.
    """

    metric: str
    of: Callable[[Chosen], float | None]
    better: Better
    interval: Interval
    details: Details = field(default_factory=dict)
    resamples: int = 200
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One published number.

    ``group``: "all", "human" (the reference), "event:<name>" or "model:<name>". ``low`` and
    ``high``: the 95% interval, None where there is none. ``count``: dialogues measured.
    ``signature``: how it was computed; compare only figures of one language and equal signature.
    """

    metric: str
    language: str
    group: str
    value: float
    low: float | None
    high: float | None
    count: int
    signature: str
    better: Better


def mean_of(scores: NDArray[np.float64]) -> Callable[[Chosen], float | None]:
    """The mean over the chosen dialogues of a score; NaN where a dialogue has none."""

    def of(chosen: Chosen) -> float | None:
        known = scores[chosen]
        known = known[np.isfinite(known)]
        return float(known.mean()) if len(known) else None

    return of


def sign(metric: str, details: Details) -> str:
    """A signature in sacrebleu's manner: ``metric|key:value|…|version:<crowdglot's>``."""
    parts = [metric, *(f"{key}:{value}" for key, value in details.items())]
    return "|".join([*parts, f"version:{__version__}"])


def as_metrics(figures: Iterable[Figure]) -> list[dict[str, str | float | None]]:
    """The figures as ``metrics.json`` holds them."""
    return [
        {
            key: round(value, 6) if isinstance(value, float) else value
            for key, value in asdict(figure).items()
        }
        for figure in figures
    ]


def interval(
    reading: Reading, value: float, count: int, seed: int, resamples: int
) -> tuple[float, float] | None:
    """Low and high; None where the reading gives none or ``count`` dialogues are too few.

    ``value``: the reading over all dialogues.
    """
    draws = min(resamples, reading.resamples)
    if reading.interval == "none" or count < FEWEST or draws < 1:
        return None
    drawn = reading.interval == "bootstrap"
    draw = bootstraps if drawn else halves
    chosen = draw(count, draws, seed, "metrics", "bootstrap" if drawn else "halves")
    values = np.array([one for row in chosen if (one := reading.of(row)) is not None])
    if not len(values):
        return None
    if drawn:
        return middle(values)
    half = count // 2
    width = Z * float(values.std()) * (half / (count - half)) ** 0.5
    return value - width, value + width
