"""What a metric gives (a reading) and what is published of it (a figure with its signature)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from crowdglot import __version__

Better = Literal["higher", "lower", "neither"]
Interval = Literal["bootstrap", "halves", "none"]
Chosen = NDArray[np.int64]  # numbers of dialogues
Details = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Reading:
    """A metric of one corpus that can be taken again on some of its dialogues.

    ``of``: the value over the dialogues with these numbers; None where it is not defined.
    ``interval``: "bootstrap" for means over dialogues, "halves" where a repeated dialogue would
    distort the value (see ``intervals``), "none" for no interval. ``resamples``: at most so many.
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
    """The mean over the chosen dialogues of a score that each has."""
    return lambda chosen: float(scores[chosen].mean()) if len(chosen) else None


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
