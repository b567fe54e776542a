"""From facts to ``report.html``: one file that loads nothing from the network.

Style and script are in the page, and its Content-Security-Policy allows only these two, by their
hashes. So markup in a dialogue could not run, even if it got through the escaping.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from crowdglot import __version__
from crowdglot.datasets.funnel import METRICS
from crowdglot.datasets.report.facts import Facts
from crowdglot.datasets.report.views import (
    diversity_views,
    examples_by_reason,
    funnel_steps,
    heat_rows,
    histogram_views,
)
from crowdglot.datasets.report.wording import BETTER, event_title, metric_words, number
from crowdglot.datasets.storage.files import write_json, write_text
from crowdglot.datasets.storage.location import Location
from crowdglot.languages.language import resolve_language
from crowdglot.languages.verification import doubts
from crowdglot.printable import visible, whole

REPORT = "report.html"
_FOLDER = Path(__file__).parent
# Within a script element only "<" could end it; the others are for older readers of HTML and JSON.
_ESCAPED = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def write_report(folder: Location, facts: Facts) -> Location:
    """Write ``report.html`` and ``metrics.json`` into the dataset's folder; the page's path."""
    write_text(folder / REPORT, render(facts))
    # It is written last, because a run that finds it counts nothing again.
    write_json(folder / METRICS, facts.as_metrics())
    return folder / REPORT


def render(facts: Facts) -> str:
    """The whole page; the same facts, the same page."""
    # A run may write meanwhile, so what is counted and what is shown can differ by a shard.
    shown = [(row["language"], row["event"]) for row in (*facts.accepted, *facts.rejected)]
    tags, names = zip(*facts.cells, *shown, strict=True) if facts.cells or shown else ((), ())
    known = sorted({*tags, *(figure.language for figure in facts.figures)})
    languages = {
        tag: {"name": language.name, "direction": language.direction}
        for tag, language in zip(known, map(resolve_language, known), strict=True)
    }
    events = {event: event_title(event) for event in sorted(set(names))}
    held = {
        "languages": languages,
        "events": events,
        "accepted": facts.accepted,
        "rejected": facts.rejected,
    }
    return page_of(
        part("report.html.jinja"),
        part("report.js"),
        facts=facts,
        name=visible(facts.name, 200),
        doubts=[*doubts(map(resolve_language, known)), *facts.untold],
        models=[visible(model, 200) for model in facts.models],
        languages=languages,
        events=events,
        steps=funnel_steps(facts.funnel),
        heat=heat_rows(facts.cells, list(languages)),
        histograms=list(histogram_views(facts.histograms)),
        diversity=list(diversity_views(facts.figures)),
        examples=examples_by_reason(facts.rejected),
        has_reference=any(histogram.human for histogram in facts.histograms),
        held=as_json(held),
    )


def page_of(template: str, script: str = "", more_style: str = "", **fields: Any) -> str:
    """A page in the report's style and ``more_style`` that loads nothing: ``template`` with
    ``fields``, and with ``style``, ``script``, ``policy`` and ``version``."""
    style = part("report.css") + more_style
    own = {"style": style, "script": script, "policy": policy(style, script)}
    return whole(compiled(template).render(version=__version__, **own, **fields))


def as_json(value: Mapping[str, Any]) -> str:
    """JSON that may stand inside a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED)


def policy(style: str, script: str) -> str:
    """The Content-Security-Policy of a page that holds this style, this script if it is not "", and
    loads nothing."""
    scripts = f"script-src {_hash(script)}; " if script else ""
    return (
        f"default-src 'none'; style-src {_hash(style)}; {scripts}img-src data:; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@lru_cache(maxsize=4)
def part(name: str) -> str:
    """A file of this folder, such as the style that all our pages share."""
    return (_FOLDER / name).read_text("utf-8")


@lru_cache(maxsize=8)
def compiled(template: str) -> Any:
    """A template of HTML, which escapes what it is given."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    filters: dict[str, Any] = {
        "number": number,
        "percent": "{:.1%}".format,
        "count": "{:,.0f}".format,
        "event": event_title,
        "metric": metric_words,
        "visible": visible,
    }
    environment.filters.update(filters)
    environment.globals["BETTER"] = BETTER
    return environment.from_string(template)
