"""A short report as Markdown tables, for programs that do not show our HTML."""

import re

from crowdglot.datasets.funnel import Funnel
from crowdglot.languages.language import resolve_language
from crowdglot.languages.verification import doubts
from crowdglot.printable import visible

_MOST_REASONS = 20
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~.:-])")


def report_markdown(name: str, funnel: Funnel) -> str:
    """Acceptance by language, and the reasons for rejection. No text of a dialogue is in it.

    ``name``: of the dataset.
    """
    lines = [
        f"## {escape(name)}",
        "",
        f"Accepted {funnel.accepted:,} of {funnel.drafts:,} drafts ({funnel.acceptance_rate:.1%}).",
        "",
        "| language | tag | accepted | rejected |",
        "|---|---|---:|---:|",
    ]
    tags = sorted({*funnel.accepted_by_language, *funnel.rejected_by_language})
    for tag in tags:
        accepted = funnel.accepted_by_language.get(tag, 0)
        rejected = funnel.rejected_by_language.get(tag, 0)
        language = escape(resolve_language(tag).name)
        lines.append(f"| {language} | {escape(tag)} | {accepted:,} | {rejected:,} |")
    if unsure := doubts(map(resolve_language, tags)):
        lines += ["", *(f"- {escape(sentence)}" for sentence in unsure)]
    if funnel.reasons:
        lines += ["", "| reason for rejection | drafts |", "|---|---:|"]
        reasons = list(funnel.reasons.items())
        lines += [f"| {escape(reason)} | {count:,} |" for reason, count in reasons[:_MOST_REASONS]]
        if further := reasons[_MOST_REASONS:]:
            count = sum(count for _, count in further)
            lines.append(f"| {len(further)} further reasons | {count:,} |")
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Text that Markdown shows as it is: on one line, no markup, no HTML, no link."""
    line = " ".join(visible(text, 200).split())
    plain = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", plain)
