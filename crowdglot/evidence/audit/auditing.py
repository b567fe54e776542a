"""``audit``: every draft of a dataset is looked at once, and what is found becomes figures."""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from crowdglot.critics.verdict import Verdict
from crowdglot.datasets.record import draft_text
from crowdglot.datasets.scan import FILE, rows_at, rows_of
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.location import Location
from crowdglot.datasets.withdrawals import Withdrawal, read_withdrawals, turns_hash
from crowdglot.evidence.audit.abstention import Learned, Phrases, Pupil
from crowdglot.evidence.audit.groups import NOBODY, attributes_in, groups_of, people_of
from crowdglot.evidence.audit.looking import Looked, look
from crowdglot.evidence.audit.tally import MEASURES, Tally
from crowdglot.evidence.sources import Row, turns_of
from crowdglot.languages.language import resolve_language
from crowdglot.printable import one_line

WORST = 20
COLUMNS = (
    "id", "index", "attempt", "language", "speech_event", "personas", "traits", "told", "turns",
    "model", "reason", "verdicts",
)  # fmt: skip
_SOME = 64  # rows without turns whose calls are read together


@dataclass
class Audit:
    """What was seen. ``tally``: over all drafts. ``found``: by measure, accepted rows in which it
    was found; ``kinds``: (measure, kind, language) of accepted rows. ``worst``: (severity, number
    against ties, position, what was found) of accepted rows. ``scored``: how many drafts the judge
    of harm scored. ``withdrawals``: of the accepted rows in which something was found, where they
    are wanted. ``doubts``: sentences on what could not be done."""

    tally: Tally = field(default_factory=Tally)
    accepted: int = 0
    rejected: int = 0
    found: Counter[str] = field(default_factory=Counter)
    kinds: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    worst: list[tuple[float, int, int, Looked]] = field(default_factory=list)
    scored: int = 0
    withdrawals: list[Withdrawal] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def audit_rows(
    folder: Location,
    learned: Phrases,
    judged: Mapping[int, Verdict] | None = None,
    *,
    withdrawing: bool = False,
) -> Audit:
    """Look at every draft; StorageError names a damaged file.

    ``learned``: phrases of abstention by language. ``judged``: by position of an accepted row what
    a judge said just now. ``withdrawing``: whether withdrawals are wanted.
    """
    made, files = Audit(), files_of(folder, "data")
    there = next(_rows(files_of(folder, "rejected")), None) is not None
    for position, row in _rows(files):
        looked = look(row, learned, (judged or {}).get(position))
        _count(made, row, looked, with_rejected=there)
        _count_accepted(made, position, row, looked)
        if withdrawing and looked.found and not _withdrawn(folder, row):
            made.withdrawals.append(_withdrawal(files[position // FILE], row, looked))
    for _, row in _rejected(folder):
        made.rejected += 1
        _count(made, row, look(row, learned), with_rejected=there)
    made.doubts += _doubts(made)
    return made


def _withdrawn(folder: Location, row: Row) -> bool:
    return bool(read_withdrawals(folder).verdicts(row["index"], row["attempt"], turns_of(row)))


def _withdrawal(path: Location, row: Row, looked: Looked) -> Withdrawal:
    """Of a row in the file ``path``, for the worst that was found."""
    first = min(looked.found, key=lambda one: (MEASURES.index(one.measure), one.turn))
    where = f"turn {first.turn}: " if first.turn else ""
    evidence = one_line(f"{first.kind}: {where}{first.text}", 190)
    shard = int(path.name.removesuffix(".parquet").rpartition("-")[2])
    return Withdrawal(
        row["language"], shard, row["index"], row["attempt"], turns_hash(turns_of(row)),
        "audit", first.measure, evidence, round(looked.severity, 4),
    )  # fmt: skip


def learn_from(folder: Location) -> tuple[Learned, list[str]]:
    """What a dataset written without personas teaches, and a sentence for each language in which
    nothing was learned."""
    pupil = Pupil()
    for _, row in chain(_rows(files_of(folder, "data")), _rejected(folder)):
        pupil.look(turns_of(row) or [draft_text(row)], row["language"])
    phrases, doubts = pupil.learn()
    control: dict[str, dict[str, tuple[int, int]]] = {}
    for measure, by in audit_rows(folder, phrases).tally.by.items():
        tags = {tag: own for (column, tag), own in by.items() if column == "language"}
        control[measure] = {tag: (found, of) for tag, (found, of) in tags.items()}
    return Learned(phrases=phrases, control=control), doubts


def _rows(files: Sequence[Location]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, path in enumerate(files):
        for at, row in enumerate(rows_of(path, COLUMNS)):
            yield number * FILE + at, row


def _rejected(folder: Location) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rejected rows; those without turns with their calls, which are read for no others."""
    files, waiting = files_of(folder, "rejected"), list[tuple[int, dict[str, Any]]]()
    for position, row in _rows(files):
        if row["turns"]:
            yield position, row
            continue
        waiting.append((position, row))
        if len(waiting) == _SOME:
            yield from _with_calls(files, waiting)
            waiting.clear()
    yield from _with_calls(files, waiting)


def _with_calls(
    files: Sequence[Location], rows: Sequence[tuple[int, dict[str, Any]]]
) -> Iterator[tuple[int, dict[str, Any]]]:
    calls = rows_at(files, [at for at, _ in rows], ("calls",))["calls"].to_list() if rows else ()
    for (position, row), made in zip(rows, calls, strict=True):
        yield position, row | {"calls": made}


def _count(made: Audit, row: Row, looked: Looked, *, with_rejected: bool) -> None:
    people = [(one["speaker"], groups_of(one)) for one in people_of(row)]
    groups = frozenset().union(*(own for _, own in people)) if people else frozenset({NOBODY})
    seen = {"abstention": looked.has("abstention")}
    if looked.answered:
        seen |= {measure: looked.has(measure) for measure in ("harm", "personal_data")}
    if with_rejected:
        seen["passed"] = row["reason"] in ("", "surplus")
    made.tally.draft(row, groups, seen)
    made.scored += looked.harmless is not None
    for speaker, own in people if looked.answered else ():
        said = [one["text"] or "" for one in row["turns"] if one["speaker"] == speaker]
        made.tally.speaker(row, own, attributes_in(said, row["language"]))


def _count_accepted(made: Audit, position: int, row: Row, looked: Looked) -> None:
    made.accepted += 1
    for measure in {one.measure for one in looked.found}:
        made.found[measure] += 1
    for measure, kind in {(one.measure, one.kind) for one in looked.found}:
        made.kinds[measure, kind, row["language"]] += 1
    if looked.severity >= 0.5:
        entry = (looked.severity, -position, position, looked)
        (heapq.heappush if len(made.worst) < WORST else heapq.heappushpop)(made.worst, entry)


def _doubts(made: Audit) -> Iterator[str]:
    if not made.accepted:
        yield "No dialogue was accepted: there is nothing in the dataset to be found."
    cells = made.tally.cells.get("abstention", {}).items()  # which every draft is looked at for
    if nobody := sum(of for (*_, groups), (_, of) in cells if groups == {NOBODY}):
        yield (
            f"In {nobody:,} of {made.accepted + made.rejected:,} drafts the model was told no "
            "persona: they are in no group, and stand for drafts without one."
        )
    if not made.rejected:
        yield "There are no rejected drafts: no pass rate, which needs them."
    for column, tag in sorted(made.tally.by.get("abstention", {})):
        if column == "language" and not resolve_language(tag).pack:
            yield f"{tag}: has no pack; harm and refusals are looked for by phrases of others."
