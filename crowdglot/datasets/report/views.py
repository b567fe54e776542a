"""Facts in the order in which the page shows them."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from crowdglot.datasets.metrics.measuring.figure import Figure
from crowdglot.datasets.report.charts import Plot, Strip, plot, strip
from crowdglot.datasets.report.distributions import MEASURES, Histogram

# So many figures of an event or a model are shown in one table; metrics.json holds all.
COMPARED = (
    "distinct_2", "ead", "compression_ratio", "self_repetition", "self_bleu", "mtld",
    "opening_entropy", "turn_length_mean",
)  # fmt: skip
_EXAMPLES = 3

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


def histogram_views(
    histograms: Sequence[Histogram],
) -> Iterator[tuple[str, str, list[tuple[Histogram, Plot]]]]:
    """Of each measure its title, its unit, and the histogram of each language."""
    for measure, (title, unit) in MEASURES.items():
        if charts := [(each, plot(each)) for each in histograms if each.measure == measure]:
            yield title, unit, charts


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


def examples_by_reason(
    rejected: Sequence[Mapping[str, Any]],
) -> dict[str, list[Mapping[str, Any]]]:
    """At most three dialogues of each reason, of different languages where there are some."""
    seen: Counter[tuple[str, str]] = Counter()
    ranked: dict[str, list[tuple[int, str, Mapping[str, Any]]]] = defaultdict(list)
    for row in rejected:
        reason, language = row["reason"], row["language"]
        ranked[reason].append((seen[reason, language], language, row))
        seen[reason, language] += 1
    return {
        reason: [row for *_, row in sorted(rows, key=lambda entry: entry[:2])[:_EXAMPLES]]
        for reason, rows in ranked.items()
    }
