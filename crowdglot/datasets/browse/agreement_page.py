"""The page on how far raters agree with one another, and critics and judges with them."""

from collections import Counter
from pathlib import Path

from crowdglot.critics.judges import JUDGES
from crowdglot.critics.judges.belief import BAR
from crowdglot.datasets.browse import against_people, agreement
from crowdglot.datasets.browse.against_people import AgainstPeople
from crowdglot.datasets.browse.index import Index
from crowdglot.datasets.browse.ratings import Ratings
from crowdglot.datasets.report.page import compiled
from crowdglot.languages.language import resolve_language
from crowdglot.statistics import FEWEST

_TEMPLATE = Path(__file__).parent / "agreement.html.jinja"


def render(name: str, index: Index, ratings: Ratings) -> str:
    """The whole page."""
    rows = against_people.decided_rows(index, ratings.last)
    told = against_people.against_people(index, rows)
    page: str = compiled(_TEMPLATE.read_text("utf-8")).render(
        language=lambda tag: f"{resolve_language(tag).name} ({tag})",
        interval=lambda one: "" if one.low is None else f"{one.low:.2f} – {one.high:.2f}",
        name=name,
        skipped=ratings.skipped,
        count=len(ratings.last),
        raters=sorted(Counter((one.language, one.rater) for one in ratings.last).items()),
        agreements=list(agreement.agreements(ratings.last)),
        critics=sorted(told, key=lambda one: (one.language, one.critic not in JUDGES, one.critic)),
        judges=JUDGES,
        bar=BAR,
        standing=_standing,
        fewest=against_people.FEWEST,
        fewest_interval=FEWEST,
    )
    return page


def _standing(one: AgainstPeople) -> str:
    """What people's verdicts make of a judge, by the rule of ``critics.judges.belief``."""
    if one.critic not in JUDGES or not one.trial:
        return ""
    if one.trial.low >= BAR:
        return "shown to be right"
    return "shown to be wrong" if one.trial.high < BAR else "undecided"
