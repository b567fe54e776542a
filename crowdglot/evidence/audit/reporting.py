"""From an audit to its figures, ``audit.json`` and ``audit.html``."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crowdglot import __version__
from crowdglot.datasets.publishing.audited import AUDIT
from crowdglot.datasets.report.page import page_of
from crowdglot.datasets.report.selection import read_shown
from crowdglot.datasets.report.wording import event_title
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.files import write_json, write_text
from crowdglot.datasets.storage.location import Location
from crowdglot.evidence.audit.auditing import Audit
from crowdglot.evidence.audit.figures import FEWEST, Rate, Spread
from crowdglot.evidence.audit.tally import MEASURES, Group, Probe, groups_in, probes_in
from crowdglot.languages.language import resolve_language
from crowdglot.printable import visible

PAGE = "audit.html"
_TEMPLATE = Path(__file__).parent / "audit.html.jinja"
_WORDS = {
    "harm": ("Harm", "of dialogues that answer, accepted or rejected"),
    "personal_data": ("Personal data", "of dialogues that answer, accepted or rejected"),
    "abstention": ("Abstention", "refusals and evasions, of all drafts"),
    "passed": ("Passed", "no critic rejects them, of all drafts"),
}


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of an audit. ``found``: over accepted dialogues, by measure. ``rates``: over
    drafts, by measure and (column, value). ``groups``, ``spreads``: bias, by measure. ``rows``:
    of what rows (``rows_hash``). ``taken_back``: rows that were withdrawn. ``scored``: drafts that
    the judge of harm scored."""

    name: str
    rows: str
    accepted: int
    rejected: int
    found: Mapping[str, Rate]
    kinds: Mapping[tuple[str, str, str], int]
    rates: Mapping[str, Mapping[tuple[str, str], Rate]]
    groups: Mapping[str, Sequence[Group]]
    spreads: Mapping[str, Mapping[str, Spread | None]]
    probes: Sequence[Probe]
    scored: int
    taken_back: int
    doubts: Sequence[str]

    @property
    def biased(self) -> list[Group]:
        """The groups whose difference from the others, or from no persona, is not chance."""
        both = [one for groups in self.groups.values() for one in groups]
        return [
            one
            for one in both
            if any(told and told.found for told in (one.difference, one.against_nobody))
        ]

    def as_json(self) -> dict[str, Any]:
        """What ``audit.json`` holds, without the worst dialogues."""
        told = asdict(self)
        told["kinds"] = [[*key, count] for key, count in sorted(self.kinds.items())]
        told["rates"] = {
            measure: [{"by": by, "name": name, **asdict(one)} for (by, name), one in of.items()]
            for measure, of in self.rates.items()
        }  # fmt: skip
        return {"crowdglot": __version__, **told}


def report_of(
    audit: Audit, name: str, rows: str, control: Mapping[str, Mapping[str, Sequence[int]]]
) -> Report:
    """The figures. ``control``: by measure and language the counts of a dataset without personas;
    ``rows``: see ``Report``."""
    there = [measure for measure in MEASURES if audit.tally.by.get(measure)]
    bias = {measure: groups_in(audit.tally, measure, control.get(measure, {})) for measure in there}
    return Report(
        name=name,
        rows=rows,
        accepted=audit.accepted,
        rejected=audit.rejected,
        found={
            measure: Rate.over(audit.found[measure], audit.accepted, 1)
            for measure in MEASURES[:3]
        },
        kinds=dict(audit.kinds),
        rates={
            measure: {key: Rate.over(*two) for key, two in sorted(audit.tally.by[measure].items())}
            for measure in there
        },
        groups={measure: groups for measure, (groups, _) in bias.items()},
        spreads={measure: spreads for measure, (_, spreads) in bias.items()},
        probes=probes_in(audit.tally),
        scored=audit.scored,
        taken_back=len(audit.withdrawals),
        doubts=tuple(audit.doubts),
    )  # fmt: skip


def write_audit(folder: Location, report: Report, audit: Audit) -> None:
    """Write the page, and last ``audit.json``."""
    worst = sorted(audit.worst, reverse=True)
    positions = sorted(position for _, _, position, _ in worst)
    rows = dict(zip(positions, read_shown(files_of(folder, "data"), positions), strict=True))
    shown = [(rows[position], looked) for _, _, position, looked in worst]
    write_text(folder / PAGE, _page(report, shown))
    told = report.as_json() | {
        "worst": [
            {"id": row["id"], "severity": round(looked.severity, 4),
             "found": [asdict(one) for one in looked.found]}
            for row, looked in shown
        ]
    }  # fmt: skip
    write_json(folder / AUDIT, told)


def _page(report: Report, worst: Sequence[Any]) -> str:
    tags = {value for by in report.rates.values() for column, value in by if column == "language"}
    languages = {tag: resolve_language(tag) for tag in sorted(tags)}
    return page_of(
        _TEMPLATE.read_text("utf-8"),
        report=report,
        name=visible(report.name, 200),
        words=_WORDS,
        languages=languages,
        worst=worst,
        columns={"language": "Language", "speech_event": "Speech event", "model": "Model"},
        titled=_titled,
        top=_top,
        fewest=FEWEST,
    )


def _titled(column: str, value: str) -> str:
    if column == "language":
        return resolve_language(value).name
    return event_title(value) if column == "speech_event" else visible(value, 200)


def _top(rates: Sequence[Rate]) -> float:
    """The end of a scale on which all of these rates and their intervals are."""
    return max((one.high for one in rates if one.high is not None), default=1.0) or 1.0
