"""``resemble.html`` and ``resemble.json``: one page that loads nothing, and the same as figures."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crowdglot import __version__
from crowdglot.datasets.report.page import page_of
from crowdglot.datasets.storage.files import write_json, write_text
from crowdglot.datasets.storage.location import Location
from crowdglot.evidence.resemble.comparing import Resemblance
from crowdglot.evidence.resemble.giveaways import shown
from crowdglot.languages.language import resolve_language
from crowdglot.printable import visible

PAGE, FIGURES = "resemble.html", "resemble.json"
_TEMPLATE = Path(__file__).parent / "resemble.html.jinja"


def write_resemblance(
    folder: Location, names: tuple[str, str], every: Sequence[Resemblance | str]
) -> Location:
    """Write both files; the page's path. ``names``: of our dialogues and of people's; ``every``: as
    ``compare_languages`` gives it."""
    compared = [one for one in every if isinstance(one, Resemblance)]
    told = [one for one in every if isinstance(one, str)]
    figures = {
        "dataset": names[0],
        "human": names[1],
        "crowdglot": __version__,
        "languages": [_as_figures(one) for one in compared],
        "without": list(told),
    }
    write_json(folder / FIGURES, figures)
    write_text(folder / PAGE, render(names, compared, told))
    return folder / PAGE


def render(names: tuple[str, str], compared: Sequence[Resemblance], told: Sequence[str]) -> str:
    """The whole page; the same figures, the same page."""
    return page_of(
        _TEMPLATE.read_text("utf-8"),
        shown=shown,
        names=[visible(name, 200) for name in names],
        compared=compared,
        told=[visible(sentence, 500) for sentence in told],
        languages={one.language: resolve_language(one.language) for one in compared},
    )


def _as_figures(one: Resemblance) -> dict[str, Any]:
    figures = asdict(one)
    for told, giveaway in zip(figures["giveaways"], one.giveaways, strict=True):
        told["told"] = giveaway.told
    return figures
