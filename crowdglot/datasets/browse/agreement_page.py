"""The page on how far raters agree with one another, and critics and judges with them."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from crowdglot.critics.judges import JUDGES
from crowdglot.critics.judges.belief import BAR
from crowdglot.datasets.browse import against_people, agreement
from crowdglot.datasets.browse.against_people import AgainstPeople
from crowdglot.datasets.browse.agreement import agreements
from crowdglot.datasets.browse.index import Index
from crowdglot.datasets.browse.ratings import Rating, Ratings
from crowdglot.languages.language import resolve_language
from crowdglot.printable import visible

_TEMPLATE = Path(__file__).parent / "agreement.html.jinja"


def render(name: str, index: Index, ratings: Ratings) -> str:
    """The whole page."""
    rows = against_people.decided_rows(index, ratings.last)
    told = against_people.against_people(index, rows)
    page: str = _template().render(
        name=name,
        skipped=ratings.skipped,
        count=len(ratings.last),
        raters=_raters(ratings.last),
        agreements=agreements(ratings.last),
        critics=sorted(told, key=lambda one: (one.language, one.critic not in JUDGES, one.critic)),
        judges=JUDGES,
        bar=BAR,
        standing=_standing,
        fewest=against_people.FEWEST,
        fewest_interval=agreement.FEWEST,
    )
    return page


def _standing(one: AgainstPeople) -> str:
    """What people's verdicts make of a judge, by the rule of ``critics.judges.belief``."""
    if one.critic not in JUDGES or one.low is None or one.high is None:
        return ""
    shown = "shown to be right" if one.low >= BAR else "shown to be wrong" if one.high < BAR else ""
    return shown or "undecided"


def _raters(ratings: Sequence[Rating]) -> list[tuple[str, str, int]]:
    """Language, rater, dialogues."""
    rated: dict[tuple[str, str], set[object]] = {}
    for one in ratings:
        rated.setdefault((one.language, one.rater), set()).add(one.draft)
    return [(*key, len(drafts)) for key, drafts in sorted(rated.items())]


def _language(tag: str) -> str:
    return f"{resolve_language(tag).name} ({tag})"


def _interval(one: Any) -> str:
    """The interval of a figure; "" where it has none."""
    return "" if one.low is None else f"{one.low:.2f} – {one.high:.2f}"


@lru_cache(maxsize=1)
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(language=_language, interval=_interval, visible=visible)
    return environment.from_string(_TEMPLATE.read_text("utf-8"))
