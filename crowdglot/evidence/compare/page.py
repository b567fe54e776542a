"""``compare.html``: one file that loads nothing, in the report's style; and ``compare.json``.

The page has no script, and its Content-Security-Policy allows none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from crowdglot.datasets.metrics.measuring.figure import Figure
from crowdglot.datasets.report.page import page_of
from crowdglot.datasets.report.wording import metric_words, number
from crowdglot.datasets.storage.files import write_json, write_text
from crowdglot.datasets.storage.location import Location
from crowdglot.evidence.compare.comparing import POOLED, SIZES, Compared, Comparison, Side
from crowdglot.evidence.compare.measures import SCORE
from crowdglot.evidence.compare.preference import PREFERRED
from crowdglot.languages.language import resolve_language
from crowdglot.printable import visible

PAGE, FIGURES = "compare.html", "compare.json"
_FOLDER = Path(__file__).parent
_WIDTH = 200  # of a forest plot's field
_EFFECTS = {"d_z": "d", "rank_biserial": "r", "cliffs_delta": "δ"}
_SIZES = {"dialogues": "At equal numbers of dialogues", "tokens": "At equal numbers of tokens"}


def write_page(folder: Location, compared: Compared) -> Location:
    """Write both files into ``folder``; the page's path. StorageError where that fails."""
    write_json(folder / FIGURES, compared.as_json())
    write_text(folder / PAGE, render(compared))
    return folder / PAGE


def render(compared: Compared) -> str:
    """The whole page; the same figures, the same page."""
    return page_of(
        (_FOLDER / "compare.html.jinja").read_text("utf-8"),
        more_style=(_FOLDER / "compare.css").read_text("utf-8"),
        words=words,
        language=language_name,
        effects=effects,
        signed=signed,
        chance=chance,
        arms=compared.as_json()["arms"],
        notes=[visible(note, 500) for note in compared.notes],
        apart=[one for one in compared.comparisons if one.differs],
        tested=compared.tests,
        pairs=list(_pairs(compared)),
        tables=list(_tables(compared.sides)),
    )


@dataclass(frozen=True, slots=True)
class Forest:
    """An interval around 0 in a field of 200 by 24, in its own scale: where 0 is in the middle."""

    low: float
    middle: float
    high: float


def forest(one: Comparison) -> Forest:
    """The interval of a difference, or its value alone."""
    middle = one.found.difference
    low, high = (middle if end is None else end for end in (one.found.low, one.found.high))
    most = 1.1 * max(abs(low), abs(high), abs(middle)) or 1.0

    def at(value: float) -> float:
        return round(_WIDTH / 2 * (1 + value / most), 2)

    return Forest(at(low), at(middle), at(high))


def _pairs(compared: Compared) -> Iterator[dict[str, Any]]:
    """Of every two arms their comparisons by language and size, what is pooled first."""
    for one, other in combinations([arm.name for arm in compared.arms], 2):
        own = [each for each in compared.comparisons if (each.one, each.other) == (one, other)]
        tags = sorted({each.language for each in own}, key=lambda tag: (tag != POOLED, tag))
        languages = [
            (tag, [(_SIZES[size], _lines(own, tag, size)) for size in SIZES]) for tag in tags
        ]
        apart = sum(each.differs for each in own)
        yield {"one": one, "other": other, "languages": languages, "apart": apart}


def _lines(own: Sequence[Comparison], tag: str, size: str) -> list[tuple[Comparison, Forest]]:
    there = (each for each in own if (each.language, each.size) == (tag, size))
    return [(each, forest(each)) for each in there]


def _tables(sides: Sequence[Side]) -> Iterator[dict[str, Any]]:
    """Of each size and language the figures of all arms, a line a measure."""
    for side in sides:
        lines: dict[str, dict[str, Figure]] = {}
        for figure in side.figures:
            lines.setdefault(figure.metric, {})[figure.group] = figure
        arms = list(dict.fromkeys(figure.group for figure in side.figures))
        yield {"title": _SIZES[side.size], "side": side, "arms": arms, "lines": lines}


def words(measure: str) -> tuple[str, str]:
    """Name and meaning of a measure."""
    if measure.startswith(SCORE):
        name, meaning = measure.removeprefix(SCORE).replace("_", " "), "score of the critic, mean"
    elif measure == PREFERRED:
        name, meaning = "Preferred by the judge", "share of pairs, ties half"
    else:
        name, meaning = metric_words(measure)
    return visible(name[:1].upper() + name[1:], 80), meaning


def language_name(tag: str) -> str:
    """A language's name; "all languages, each alike" for what is pooled."""
    return "all languages, each alike" if tag == POOLED else resolve_language(tag).name


def effects(told: Mapping[str, float]) -> str:
    """The effect sizes on one line."""
    return ", ".join(f"{_EFFECTS.get(name, name)} {signed(size)}" for name, size in told.items())


def signed(value: float) -> str:
    """A difference, with its sign."""
    return f"{'−' if value < 0 else '+'}{number(abs(value))}"


def chance(p: float | None) -> str:
    """A p-value as it is read."""
    return "–" if p is None else "< 0.0001" if p < 1e-4 else f"{p:.2g}"
