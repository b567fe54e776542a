"""Facts in the order in which the page shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crowdglot.datasets.metrics.measuring.figure import Figure
from crowdglot.datasets.report.charts import Plot, Strip, plot, strip
from crowdglot.datasets.report.distributions import MEASURES, Histogram

# Of an event or a model so many figures stand side by side; metrics.json holds all.
COMPARED = (
    "distinct_2", "ead", "compression_ratio", "self_repetition", "self_bleu", "mtld",
    "opening_entropy", "turn_length_mean",
)  # fmt: skip
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class HistogramView:
    """The histograms of one measure, one a language."""

    title: str
    unit: str
    charts: list[tuple[Histogram, Plot]]


def histogram_views(histograms: Sequence[Histogram]) -> list[HistogramView]:
    """One a measure, in the order of ``MEASURES``."""
    return [
        HistogramView(title, unit, charts)
        for measure, (title, unit) in MEASURES.items()
        if (charts := [(each, plot(each)) for each in histograms if each.measure == measure])
    ]


@dataclass(frozen=True, slots=True)
class Line:
    """A metric of one language: the dataset's figure, the human one, and both drawn."""

    figure: Figure
    human: Figure | None
    strip: Strip


@dataclass(frozen=True, slots=True)
class Comparison:
    """Figures of the events or models of a language side by side; ``rows``: name, one figure a
    metric, None where it is not defined."""

    kind: str
    metrics: list[str]
    rows: list[tuple[str, list[Figure | None]]]


@dataclass(frozen=True, slots=True)
class DiversityView:
    """All figures of one language."""

    language: str
    lines: list[Line]
    comparisons: list[Comparison]


def diversity_views(figures: Sequence[Figure]) -> list[DiversityView]:
    """One a language."""
    by_language: dict[str, list[Figure]] = {}
    for figure in figures:
        by_language.setdefault(figure.language, []).append(figure)
    return [
        DiversityView(
            tag,
            [
                Line(figure, human.get(figure.metric), strip(figure, human.get(figure.metric)))
                for figure in own
                if figure.group == "all"
            ],
            [view for kind in ("event", "model") if (view := _comparison(kind, own)).rows],
        )
        for tag, own in by_language.items()
        for human in [{figure.metric: figure for figure in own if figure.group == "human"}]
    ]


def _comparison(kind: str, figures: Sequence[Figure]) -> Comparison:
    groups: dict[str, dict[str, Figure]] = {}
    for figure in figures:
        found, _, name = figure.group.partition(":")
        if found == kind:
            groups.setdefault(name, {})[figure.metric] = figure
    metrics = [metric for metric in COMPARED if any(metric in group for group in groups.values())]
    return Comparison(
        kind, metrics, [(name, [group.get(m) for m in metrics]) for name, group in groups.items()]
    )


def examples_by_reason(
    rejected: Sequence[Mapping[str, Any]],
) -> dict[str, list[Mapping[str, Any]]]:
    """At most three dialogues of each reason, of different languages where there are some."""
    by_reason: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for row in rejected:
        by_reason.setdefault(row["reason"], {}).setdefault(row["language"], []).append(row)
    examples = {}
    for reason, by_language in by_reason.items():
        ranked = sorted(
            (
                (rank, tag, row)
                for tag, rows in by_language.items()
                for rank, row in enumerate(rows)
            ),
            key=lambda entry: entry[:2],
        )
        examples[reason] = [row for _, _, row in ranked[:_EXAMPLES]]
    return examples
