"""Tables as JSON or JSON lines, one object a row, read by column."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers.columns import read_rows
from crowdglot.errors import MaterialError
from crowdglot.user_files import parse_json, read_text

_SPLITS = {"train", "valid", "validation", "val", "dev", "test"}


def recognises(head: str) -> bool:
    """Whether the file begins as a list or an object does."""
    return head.startswith(("[", "{"))


def read(path: Path) -> Iterator[Demonstration]:
    """Every dialogue of the table; MaterialError names the record and column that is wrong."""
    return read_rows(_rows(path), path)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """("FILE, record N", row) for every record."""
    for number, row in enumerate(_records(read_text(path), path), start=1):
        if not isinstance(row, dict):
            raise MaterialError(f"{path}, record {number}: not a JSON object; write {{...}}.")
        yield f"{path}, record {number}", row


def _records(text: str, path: Path) -> Iterator[Any]:
    """The records of a list, of a mapping from split to list, or of JSON lines."""
    lines = [(at, line) for at, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if len(lines) > 1 and _is_object(lines[0][1]):
        for at, line in lines:
            yield parse_json(line, f"{path}, line {at}")
        return
    whole = parse_json(text, str(path))
    if isinstance(whole, list):
        yield from whole
    elif whole.keys() <= _SPLITS and all(isinstance(split, list) for split in whole.values()):
        for split in whole.values():
            yield from split
    else:
        yield whole


def _is_object(line: str) -> bool:
    """Whether the line alone is a JSON object."""
    try:
        return isinstance(json.loads(line), dict)
    except (json.JSONDecodeError, RecursionError):
        return False
