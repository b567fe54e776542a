"""Facts in the order in which the page shows them, and numbers of which it draws its charts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from crowdglot.datasets.funnel import Funnel
from crowdglot.datasets.metrics.measuring.figure import Figure
from crowdglot.datasets.report.distributions import MEASURES, Histogram
from crowdglot.printable import visible

# So many figures of an event or a model are shown in one table; metrics.json holds all.
COMPARED = (
    "distinct_2", "ead", "compression_ratio", "self_repetition", "self_bleu", "mtld",
    "opening_entropy", "turn_length_mean",
)  # fmt: skip

WIDTH, HEIGHT = 240, 96  # of a histogram's field, in units of its viewBox
# Value, low and high in percent of a scale's width: of the dataset, and of the human reference.
Strip = tuple[list[float], list[float] | None]
# One figure of each metric, None where it is not defined, of an event or a model.
Group = tuple[str, list[Figure | None]]


class LanguageFigures(NamedTuple):
    """All figures of one language.

    ``lines``: of each metric the dataset's figure, the human one, and both drawn.
    ``comparisons``: "event" or "model", the metrics, and the figures of each event or model.
    """

    language: str
    lines: list[tuple[Figure, Figure | None, Strip]]
    comparisons: list[tuple[str, list[str], list[Group]]]


def diversity_views(figures: Sequence[Figure]) -> Iterator[LanguageFigures]:
    """The figures of one language after the other; they are in the order of their languages."""
    for tag, some in groupby(figures, key=attrgetter("language")):
        groups: dict[str, dict[str, Figure]] = defaultdict(dict)
        for figure in some:
            groups[figure.group][figure.metric] = figure
        human = groups.get("human", {})
        lines = [
            (figure, human.get(metric), strip(figure, human.get(metric)))
            for metric, figure in groups["all"].items()
        ]
        kinds = (_comparison(kind, groups) for kind in ("event", "model"))
        yield LanguageFigures(tag, lines, [kind for kind in kinds if kind[2]])


def _comparison(
    kind: str, groups: Mapping[str, Mapping[str, Figure]]
) -> tuple[str, list[str], list[Group]]:
    found = {name: own for name, own in groups.items() if name.startswith(f"{kind}:")}
    metrics = [metric for metric in COMPARED if any(metric in own for own in found.values())]
    rows = [
        (name.partition(":")[2], [own.get(metric) for metric in metrics])
        for name, own in found.items()
    ]
    return kind, metrics, rows


def examples_by_reason(rejected: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """At most three dialogues of each reason, of different languages where there are some."""
    by_reason: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for row in rejected:
        by_reason.setdefault(row["reason"], {}).setdefault(row["language"], []).append(row)
    return {
        reason: [row for some in zip_longest(*by_tag) for row in some if row][:3]
        for reason, own in by_reason.items()
        for by_tag in [[own[tag] for tag in sorted(own)]]
    }


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


def heat_rows(
    cells: Mapping[tuple[str, str], tuple[int, int]], languages: Sequence[str]
) -> list[tuple[str, list[Cell | None]]]:
    """(event, one cell a language) of all events; None where there is no draft."""
    drawn = {
        (tag, event): Cell(tag, event, kept, kept + not_kept, round(8 * kept / (kept + not_kept)))
        for (tag, event), (kept, not_kept) in cells.items()
    }
    events = sorted({event for _, event in cells})
    return [(event, [drawn.get((tag, event)) for tag in languages]) for event in events]


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
    step = WIDTH / max(bins, 8)  # eight fill the field; fewer are not made wider
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


def histogram_views(
    histograms: Sequence[Histogram],
) -> Iterator[tuple[str, str, list[tuple[Histogram, Plot]]]]:
    """Of each measure its title, its unit, and the histogram of each language."""
    for measure, (title, unit) in MEASURES.items():
        if charts := [(each, plot(each)) for each in histograms if each.measure == measure]:
            yield title, unit, charts


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
