"""What a reader gives: demonstrations, and what it left out; and how that is told."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
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
    ``lost``: what it holds beside them, a sentence each.
    ``kept``: whether the record is read nevertheless, and this only tells of it.
    """

    sentence: str
    personas: tuple[Persona, ...] = ()
    kept: bool = False
    lost: tuple[str, ...] = ()


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
    lost: dict[str, list[str]] = {}
    notes: dict[str, list[str]] = {}
    for one in found:
        # Numbers of turns and the like make no other reason.
        kind = re.sub(r"\d+|'[^']*'", "#", one.sentence)
        (notes if one.kept else lost).setdefault(kind, []).append(one.sentence)
    count, kept = _count(lost), _reasons(notes, source, told=True)
    said = "; ".join([*_reasons(lost, source), *kept])
    if not count:
        return f"{source}{':' if _count(notes) > 1 else ','} {said}." if notes else ""
    return f"{source}: {count:,} of {used + count:,} left out: {said}."


def _count(kinds: Mapping[str, list[str]]) -> int:
    return sum(map(len, kinds.values()))


def _reasons(kinds: Mapping[str, list[str]], source: str, *, told: bool = False) -> Iterator[str]:
    """What is said of each kind, the most frequent first. ``told``: how many of the others too."""
    groups = sorted(kinds.values(), key=len, reverse=True)
    for group in groups[:_MOST_REASONS]:
        first = group[0].removeprefix(f"{source}, ").removeprefix(f"{source}: ")
        said = first.rstrip(".").partition("; ")[0]
        yield said if _count(kinds) == 1 else f"{len(group):,} × such as {said}"
    if more := sum(map(len, groups[_MOST_REASONS:])):
        yield f"{more:,} × others" if told else "…"
