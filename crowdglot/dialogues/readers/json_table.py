"""Tables as JSON or JSON lines, one object a row, read by column."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers.columns import read_rows
from crowdglot.errors import MaterialError
from crowdglot.user_files import json_lines, parse_json, read_text

HEAD = re.compile(r"[\[{]")
_SPLITS = {"train", "valid", "validation", "val", "dev", "test"}
# No JSON document has a line that is an object and a next one that begins an object.
_LINES = re.compile(r"\s*\{.*\}\s*\n\s*\{")


def read(path: Path) -> Iterator[Demonstration]:
    """Every dialogue of the table; MaterialError names the record and column that is wrong."""
    text = read_text(path)
    return read_rows(json_lines(path) if _LINES.match(text) else _rows(text, path), path)


def _rows(text: str, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """("FILE, record N", row) for each of a list, of lists by split, or for the one object."""
    records = parse_json(text, str(path))
    if isinstance(records, dict):
        splits = records.keys() <= _SPLITS and all(isinstance(s, list) for s in records.values())
        records = [row for split in records.values() for row in split] if splits else [records]
    for number, row in enumerate(records, start=1):
        if not isinstance(row, dict):
            raise MaterialError(f"{path}, record {number}: not a JSON object; write {{...}}.")
        yield f"{path}, record {number}", row
