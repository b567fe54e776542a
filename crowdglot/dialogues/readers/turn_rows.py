"""Tables with one row a turn: the rows of a dialogue become one row that holds its turns."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Any

from crowdglot.dialogues.readers.people import PERSONA, is_persona
from crowdglot.dialogues.readers.records import Rows
from crowdglot.dialogues.readers.turns import SPEAKER, TEXT
from crowdglot.errors import MaterialError
from crowdglot.printable import name_shown
from crowdglot.user_tables import Note

CONVERSATION_ID = (
    "conv_id", "conversation_id", "dialogue_id", "dialog_id", "chat_id", "thread_id", "episode_id",
    "session_id", "session", "conv", "split",
)  # fmt: skip
# Where every turn has a row, these too name the dialogue; "id" where the first two rows share it.
_ALSO_ID = ("dialogue", "dialog", "conversation", "chat")
NUMBER = (
    "turn", "turn_id", "turn_number", "turn_no", "turn_idx", "turn_index", "utterance_idx",
    "utterance_id", "utterance_number", "position", "order", "index", "idx", "line_id",
)  # fmt: skip
_WHO = tuple(name for name in SPEAKER if name != "id")


@dataclass(slots=True)
class _Run:
    """Rows of one dialogue that follow one another. ``taken``: those with a number, by it.
    ``again``: how many stood there already. ``fault``: why it cannot be read, or ""."""

    key: tuple[str, ...]
    where: str
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    taken: dict[float, Mapping[str, Any]] = field(default_factory=dict)
    lowest: float = math.inf
    again: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of such a table. ``who`` and ``number`` are "" where there are none."""

    text: str
    who: str
    number: str
    ids: tuple[str, ...]


def with_turns_joined(rows: Rows, dialogues: Collection[str]) -> Rows:
    """The rows as they are; or, where each holds one turn, one for each dialogue.

    ``dialogues``: columns that hold whole dialogues; a table that has one has no rows of turns.
    """
    rows = iter(rows)
    first = list(_until_two_rows(rows))
    some = [row for _, row in first if isinstance(row, dict)]
    columns = _columns(some, dialogues) if some else None
    every = chain(first, rows)
    return every if columns is None else _joined(every, columns)


def _until_two_rows(rows: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    count = 0
    while count < 2 and (found := next(rows, None)) is not None:
        count += isinstance(found[1], dict)
        yield found


def _columns(rows: Sequence[Mapping[str, Any]], dialogues: Collection[str]) -> _Columns | None:
    """The columns of a table with one row a turn; None where it is no such table."""
    row = rows[0]

    def named(names: Collection[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name in row)

    text, who, number = named(TEXT), named(_WHO), named(NUMBER)
    ids = named(CONVERSATION_ID) or tuple(n for n in named(_ALSO_ID) if _is_short(row[n]))
    if not ids and "id" in row and len(rows) > 1 and rows[1].get("id") == row["id"]:
        ids = ("id",)
    whole = [n for n in named(dialogues) if n not in ids and not _is_short(row[n])]
    if whole or not text or not isinstance(row[text[0]], str | None):
        return None
    if not (ids or number) or not (who or number):
        return None
    return _Columns(text[0], next(iter(who), ""), next(iter(number), ""), ids)


def _is_short(value: Any) -> bool:
    return isinstance(value, int | None) or (isinstance(value, str) and "\n" not in value.strip())


def _joined(rows: Rows, columns: _Columns) -> Rows:
    runs: list[_Run] = []
    unread = ""
    for where, row in rows:
        if not isinstance(row, dict):
            yield where, row
            if isinstance(row, MaterialError):  # it may be a turn of the dialogue before or after
                unread = f"a row of it cannot be read ({where.rpartition(', ')[2]})"
                if runs:
                    runs[-1].fault = unread
            continue
        number = _number(row.get(columns.number))
        key = tuple(str(row.get(name)) for name in columns.ids)
        if not runs or runs[-1].key != key or _restarts(runs[-1], number, row, columns):
            runs.append(_Run(key, where, fault=unread))
        unread = ""
        _add(runs[-1], number, row, columns)
    for run in _merged(runs, columns):
        yield run.where, _row_of(run, columns)
        for name, told in _personas(run.rows).items():
            if len(told) > 1:
                said = f"left out of it '{name_shown(name)}', for it changes from turn to turn"
                yield run.where, Note(said)
        if run.again:
            yield run.where, Note(f"{run.again:,} rows of its dialogue stand twice, and count once")


def _number(value: Any) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _restarts(run: _Run, number: float | None, row: Mapping[str, Any], columns: _Columns) -> bool:
    """Whether a turn's number begins another dialogue of the same name."""
    if number is None or number not in run.taken or number > run.lowest:
        return False
    return not _same(run.taken[number], row, columns)


def _same(one: Mapping[str, Any], other: Mapping[str, Any], columns: _Columns) -> bool:
    names = (columns.text, columns.who)
    return all(one.get(name) == other.get(name) for name in names)


def _add(run: _Run, number: float | None, row: Mapping[str, Any], columns: _Columns) -> None:
    if number is not None and number in run.taken:
        if _same(run.taken[number], row, columns):
            run.again += 1
            return
        run.fault = run.fault or f"two rows are its turn {number:g}"
    run.rows.append(row)
    if number is not None:
        run.taken.setdefault(number, row)
        run.lowest = min(run.lowest, number)


def _merged(runs: list[_Run], columns: _Columns) -> list[_Run]:
    """Runs of one dialogue joined where their turns have numbers and no two turns share one."""
    last: dict[tuple[str, ...], _Run] = {}
    kept: list[_Run] = []
    for run in runs:
        whole = last.get(run.key) if run.key else None
        if whole and _fits(run, whole, columns):
            for number, row in run.taken.items():
                _add(whole, number, row, columns)
            whole.again += run.again
            whole.fault = whole.fault or run.fault
        else:
            kept.append(run)
            last[run.key] = run
    return kept


def _fits(run: _Run, whole: _Run, columns: _Columns) -> bool:
    """Whether a run is of the same dialogue: all turns have numbers, and none has another's."""
    if len(run.taken) < len(run.rows) or len(whole.taken) < len(whole.rows):
        return False
    taken = whole.taken
    return all(n not in taken or _same(taken[n], row, columns) for n, row in run.taken.items())


def _row_of(run: _Run, columns: _Columns) -> dict[str, Any] | MaterialError:
    """One row that holds the dialogue, and of the other columns those that never change."""
    rows = run.rows
    if len(run.taken) == len(rows):
        numbers = sorted(run.taken)
        rows = [run.taken[number] for number in numbers]
        steps = {after - before for before, after in pairwise(numbers)}
        if not columns.who and len(steps) > 1:
            run.fault = run.fault or "a turn of it is missing, and nothing names the speakers"
    if run.fault:
        return MaterialError(f"{run.where}: {run.fault}; mend the dialogue.")
    own = {columns.text, columns.who, columns.number, *columns.ids, *PERSONA, *SPEAKER, *TEXT}
    same = {
        name: value
        for name, value in rows[0].items()
        if name not in own and all(row.get(name) == value for row in rows)
    }
    # A persona may stand at one of the turns alone.
    same |= {name: told[0] for name, told in _personas(rows).items() if len(told) == 1}
    turns = [_turn(row, columns) for row in rows]
    return {**same, "conv_id": str(run.key), "dialogue": turns}


def _personas(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """What is told in each column of a persona, but those that are each turn's own."""
    found: dict[str, list[Any]] = {}
    for row in rows:
        for name in filter(is_persona, row):
            told = found.setdefault(name, [])
            if name not in PERSONA and row[name] not in (None, "", [], *told):
                told.append(row[name])
    return found


def _turn(row: Mapping[str, Any], columns: _Columns) -> dict[str, Any]:
    turn = {"text": row.get(columns.text)}
    if columns.who:
        turn["speaker"] = row.get(columns.who)
    return turn | {name: row[name] for name in PERSONA if row.get(name) is not None}
