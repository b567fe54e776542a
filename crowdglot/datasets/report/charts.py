"""The geometry of the page's charts: numbers for the template, which draws them as SVG."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crowdglot.datasets.funnel import Funnel
from crowdglot.datasets.metrics.measuring.figure import Figure
from crowdglot.datasets.report.distributions import Histogram
from crowdglot.datasets.report.text import visible

SHADES = 8
WIDTH, HEIGHT = 240, 96  # of a histogram's field, in units of its viewBox
_FEWEST_BINS = 8  # so many fill the field; fewer are not made wider
# Value, low and high in percent of a scale's width: of the dataset, and of the human reference.
Strip = tuple[list[float], list[float] | None]


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the funnel: ``count`` drafts, whose bar begins at ``start`` and is ``percent`` wide,
    both in percent of all drafts."""

    label: str
    count: int
    start: float
    percent: float


def funnel_steps(funnel: Funnel) -> list[Step]:
    """One step a reason, the most frequent first; its bar ends where the one before begins."""
    steps, left = [], funnel.drafts
    for reason, count in funnel.reasons.items():
        left -= count
        start, percent = 100 * left / funnel.drafts, 100 * count / funnel.drafts
        steps.append(Step(visible(reason, 200), count, start, percent))
    return steps


@dataclass(frozen=True, slots=True)
class Cell:
    """A field of the heat map; ``shade``: 0 (none accepted) to 8 (all)."""

    language: str
    event: str
    accepted: int
    drafts: int
    shade: int

    @property
    def rate(self) -> float:
        """Accepted drafts over drafts."""
        return self.accepted / self.drafts


def heat_rows(
    cells: Mapping[tuple[str, str], tuple[int, int]], languages: Sequence[str]
) -> list[tuple[str, list[Cell | None]]]:
    """(event, one cell a language) of all events; None where there is no draft."""
    return [
        (event, [_cell(cells, tag, event) for tag in languages])
        for event in sorted({event for _, event in cells})
    ]


def _cell(cells: Mapping[tuple[str, str], tuple[int, int]], tag: str, event: str) -> Cell | None:
    accepted, rejected = cells.get((tag, event), (0, 0))
    if not (drafts := accepted + rejected):
        return None
    return Cell(tag, event, accepted, drafts, round(SHADES * accepted / drafts))


@dataclass(frozen=True, slots=True)
class Plot:
    """A histogram's bars (x, y, width, height) and the outline of the human one as an SVG path.

    ``ticks``: (x, label) below. ``top``: the share at the upper edge, 0 to 1.
    """

    bars: tuple[tuple[float, float, float, float], ...]
    outline: str
    ticks: tuple[tuple[float, str], ...]
    top: float


def plot(histogram: Histogram) -> Plot:
    """A histogram drawn into a field of 240 by 96."""
    bins = len(histogram.shares)
    top = max(*histogram.shares, *histogram.human, 0.01)
    step = WIDTH / max(bins, _FEWEST_BINS)
    gap = min(1.5, step / 8)
    bars = tuple(
        (
            round(number * step + gap / 2, 2),
            round(HEIGHT * (1 - share / top), 2),
            round(step - gap, 2),
            round(HEIGHT * share / top, 2),
        )
        for number, share in enumerate(histogram.shares)
    )
    heights = [round(HEIGHT * (1 - share / top), 2) for share in histogram.human]
    moves = [
        f"L{number * step:.2f} {height}L{(number + 1) * step:.2f} {height}"
        for number, height in enumerate(heights)
    ]
    outline = f"M0 {HEIGHT}{''.join(moves)}L{bins * step:.2f} {HEIGHT}" if moves else ""
    return Plot(bars, outline, tuple(_ticks(histogram, bins, step)), top)


def _ticks(histogram: Histogram, bins: int, step: float) -> Iterator[tuple[float, str]]:
    """A label under the first bin, the last one, and some between."""
    every = max(1, -(-bins // 5))
    for number in (*range(0, bins - every, every), bins - 1):
        start = histogram.low + number * histogram.width
        yield round((number + 0.5) * step, 2), f"{start}{'+' if number % every else ''}"


def strip(figure: Figure, human: Figure | None) -> Strip:
    """A figure, and the human one, on one scale."""
    ends = np.array(
        [
            [one.value if end is None else end for end in (one.value, one.low, one.high)]
            for one in (figure, human)
            if one
        ]
    )
    low, high = ends.min(), ends.max()
    margin = (high - low) * 0.08 or abs(high) or 1.0
    ours, *theirs = (100 * (ends - low + margin) / (high - low + 2 * margin)).round(2).tolist()
    return ours, theirs[0] if theirs else None
