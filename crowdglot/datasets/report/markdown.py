"""Markdown from templates, and a short report for programs that do not show our HTML."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from crowdglot.datasets.funnel import Funnel
from crowdglot.languages.language import resolve_language
from crowdglot.languages.verification import doubts
from crowdglot.printable import one_line, visible

_REPORT = Path(__file__).with_name("report.md.jinja")
_MOST_REASONS = 20
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~.:-])")


@lru_cache(maxsize=4)
def markdown_template(path: Path) -> Any:
    """A template of Markdown. Text of models and users must stand in it by one of its filters:
    ``escape``, or as code that it cannot end, ``code`` on one line and ``block`` on several."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=False,  # noqa: S701 - it is no HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"escape": escape, "code": code, "block": _block}
    environment.filters["count"] = "{:,}".format
    return environment.from_string(path.read_text("utf-8"))


def report_markdown(name: str, funnel: Funnel) -> str:
    """Acceptance by language, and the reasons for rejection. No text of a dialogue is in it.

    ``name``: of the dataset.
    """
    tags = sorted({*funnel.accepted_by_language, *funnel.rejected_by_language})
    languages, reasons = [*map(resolve_language, tags)], [*funnel.reasons.items()]
    told: str = markdown_template(_REPORT).render(
        name=name, funnel=funnel, languages=languages, doubts=doubts(languages), reasons=reasons,
        most=_MOST_REASONS,
    )  # fmt: skip
    return told


def escape(text: str) -> str:
    """Text that Markdown shows as it is: on one line, no markup, no HTML, no link."""
    plain = one_line(text, 200).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", plain)


def code(text: str) -> str:
    """Any text as code on one line, which can stand in a table."""
    line = one_line(text, 200).replace("`", "'").replace("|", "¦")
    return f"`{line}`" if line else ""


def _block(text: str) -> str:
    text = visible(text)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"
