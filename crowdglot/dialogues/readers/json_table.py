"""Tables as JSON or JSON lines, one object a row, read by column.

A JSON document may be a list of rows, one row, rows by split or by their id, or columns.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crowdglot.dialogues.readers.people import PERSONA, is_persona, plain
from crowdglot.dialogues.readers.records import Record, Rows
from crowdglot.dialogues.readers.table import DIALOGUE, read_rows
from crowdglot.dialogues.readers.turn_rows import CONVERSATION_ID, NUMBER
from crowdglot.dialogues.readers.turns import SPEAKER, TEXT
from crowdglot.errors import MaterialError
from crowdglot.printable import name_shown
from crowdglot.user_files import divided, json_lines, parse_json, read_text
from crowdglot.user_tables import Note

HEAD = re.compile(r"[\[{]")
_MOST_LEVELS = 3
_SPLITS = {"train", "valid", "validation", "val", "dev", "test"}
_SEVERAL = {"dialogues", "dialogs", "conversations"}
# Of these an object has one; a list of objects that have one is a list of rows.
_WHOLE = {"dialogue", "dialog", "utterances", "turns", "messages", "conversation", "conversations"}


def read(path: Path) -> Iterator[Record]:
    """Every record of the table; MaterialError where the file is cut or no JSON."""
    text = read_text(path)
    rows = json_lines(path) if _is_lines(text) else rows_of(text, path)
    return read_rows(((where, _row(row, where)) for where, row in rows), path)


def _is_lines(text: str) -> bool:
    """Whether most of the first lines are JSON of their own; in a document, commas end them."""
    lines = [line.strip() for line in divided(text[:1_000_000])[:40]]
    lines = [line for line in lines if line]
    whole = [line for line in lines if re.fullmatch(r"\{.*\}|\[.*\]", line)]
    return 1 < len(lines) < 2 * len(whole) + 1


def _row(value: Any, where: str) -> Any:
    """A row; a bare list is a dialogue."""
    if isinstance(value, list) and value and not all(isinstance(one, int) for one in value):
        return {"dialogue": value}
    if isinstance(value, dict | MaterialError | Note):
        return value
    return MaterialError(f"{where}: not a JSON object; write {{...}}.")


def rows_of(text: str, path: Path) -> Rows:
    """("FILE, record N", value) for each row of a JSON document."""
    found = list(_rows(parse_json(text, str(path)), 0))
    notes = [(f"{path}, beside its records", row) for row in found if isinstance(row, Note)]
    rows = [row for row in found if not isinstance(row, Note)]
    return [*notes, *((f"{path}, record {at}", row) for at, row in enumerate(rows, start=1))]


def _rows(value: Any, level: int) -> Iterator[Any]:
    if isinstance(value, list) and _is_one_dialogue(value):
        yield {"dialogue": value}
    elif isinstance(value, list):
        yield from value
    elif not isinstance(value, dict) or level > _MOST_LEVELS or _is_row(value):
        yield value
    elif columns := _by_column(value):
        yield from columns
    else:  # rows by split or by id
        inside = [own for own in value.values() if own is None or isinstance(own, list | dict)]
        splits = value.keys() <= _SPLITS
        by_id = len(inside) == len(value) and not splits
        unused = [name for name in value if is_persona(plain(name)) and _is_list(value[name])]
        if others := [own for own in inside if not any(own is value[name] for name in unused)]:
            inside = others
            for name in unused:
                yield Note(f"left out of it '{name_shown(name)}', for no row has these personas")
        if not splits and not by_id:  # beside facts about the file there may be a list of rows
            inside = [own for own in inside if _holds_rows(own)]
        for own in inside:
            whole = by_id and _is_dialogue(own)
            yield from [{"dialogue": own}] if whole else _rows(own, level + 1)
        if value and not inside:
            yield value


def _is_row(record: Mapping[str, Any]) -> bool:
    """Whether an object is a row rather than something that holds rows."""
    names = {plain(name): record[name] for name in record}
    own = [name for name in (*DIALOGUE, *PERSONA, "facts") if name in names]
    several = any(_are_rows(names[name]) for name in own if name in _SEVERAL)
    return bool(own) and not several and not _by_column(record)


def _holds_rows(value: Any) -> bool:
    if isinstance(value, dict):
        return _is_row(value)
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | dict) and not _holds_rows(value)


def _are_rows(value: Any) -> bool:
    """Whether a value is a list of rows, as in {"dialogues": [{"dialogue": …}, …]}."""
    listed = isinstance(value, list) and bool(value) and isinstance(value[0], dict)
    return listed and not _WHOLE.isdisjoint(map(plain, value[0]))


def _is_dialogue(value: Any) -> bool:
    """Whether a value below an id is a list of turns: texts, or objects with a text each."""
    if not isinstance(value, list) or not value:
        return False
    if not isinstance(value[0], dict):
        return True
    names = {plain(name) for name in value[0]}
    return bool(names & {*TEXT}) and not names & {*CONVERSATION_ID, *DIALOGUE}


def _is_one_dialogue(value: list[Any]) -> bool:
    """Whether a list is one of turns that name their speakers, and not of rows."""
    names = {plain(name) for turn in value if isinstance(turn, dict) for name in turn}
    turns = _is_dialogue(value) and all(isinstance(turn, dict) for turn in value)
    return turns and bool(names & {*SPEAKER} - {"id"}) and not names & {*CONVERSATION_ID, *NUMBER}


def _by_column(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of {"dialogue": {"0": …, "1": …}, …}, as pandas writes a table by columns."""
    columns = list(value.values())
    if not columns or not all(isinstance(column, dict) and column for column in columns):
        return []
    keys = list(columns[0])
    named = all(map(str.isdecimal, keys)) and {*map(plain, value)} & {*DIALOGUE, *TEXT, *PERSONA}
    if not named or any(list(column) != keys for column in columns):
        return []
    return [{name: value[name][key] for name in value} for key in keys]
