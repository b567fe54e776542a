"""What a reader gives: demonstrations, and what it left out; and how that is told."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.errors import MaterialError
from crowdglot.personas.persona import Persona
from crowdglot.user_tables import Note

_MOST_REASONS = 3
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A record that gives no demonstration. ``sentence``: file, place, and what is wrong.

    ``personas``: those of a record without a dialogue, which serve where personas are wanted.
    ``kept``: whether the record is read nevertheless, and this only tells of it.
    """

    sentence: str
    personas: tuple[Persona, ...] = ()
    kept: bool = False


Record = Demonstration | LeftOut
Rows = Iterable[tuple[str, Any]]


def each(rows: Rows, make: Callable[[Any, str], _T]) -> Iterator[_T | LeftOut]:
    """What ``make`` makes of each row, and what is left out where the row or its making fails.

    ``rows``: where and the row, or the MaterialError or Note that takes its place.
    """
    for where, row in rows:
        if isinstance(row, Note):
            yield LeftOut(f"{where}: {row.text}", kept=True)
            continue
        try:
            if isinstance(row, MaterialError):
                raise row
            made = make(row, where)
        except MaterialError as error:
            yield LeftOut(str(error))
        except RecursionError:
            yield LeftOut(f"{where}: lists nested too deeply.")
        else:
            yield made


def tell(source: str, used: int, found: Iterable[LeftOut]) -> str:
    """One sentence on what was left out of a source, by reason, the most frequent first; or ""."""
    lost: dict[str, list[LeftOut]] = {}
    notes: list[str] = []
    for one in found:
        if one.kept:
            notes.append(one.sentence.removeprefix(f"{source}, "))
        else:
            # Numbers of turns and the like make no other reason.
            lost.setdefault(re.sub(r"\d+|'[^']*'", "#", one.sentence), []).append(one)
    if len(notes) > _MOST_REASONS:
        notes[_MOST_REASONS:] = [f"and {len(notes) - _MOST_REASONS:,} more such"]
    count = sum(map(len, lost.values()))
    if not count:
        return f"{source}, {'; '.join(notes)}." if notes else ""
    groups = sorted(lost.values(), key=len, reverse=True)
    reasons = [_reason(group, source, alone=count == 1) for group in groups[:_MOST_REASONS]]
    reasons += ["…"] * (len(groups) > _MOST_REASONS)
    said = "; ".join([*reasons, *notes])
    return f"{source}: {count:,} of {used + count:,} left out: {said}."


def _reason(group: list[LeftOut], source: str, *, alone: bool) -> str:
    first = group[0].sentence.removeprefix(f"{source}, ").removeprefix(f"{source}: ")
    said = first.rstrip(".").partition("; ")[0]
    return said if alone else f"{len(group):,} × such as {said}"
