"""CSV tables with a header, read by column; commas, semicolons, tabs or bars divide them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crowdglot.dialogues.readers.people import is_persona, plain
from crowdglot.dialogues.readers.records import Record
from crowdglot.dialogues.readers.table import ONE_COLUMN, read_rows
from crowdglot.dialogues.readers.turns import TEXT
from crowdglot.user_tables import csv_rows

# An empty file is a table without rows.
HEAD = re.compile(rf'[^\n]*[,;\t|]|\Z|"?(?:{"|".join(ONE_COLUMN)})"? *\r?\n', re.IGNORECASE)
# What pandas and databases write for a value that is not there.
_NULLS = frozenset({"", "nan", "NaN", "None", "null", "NULL", "<NA>"})


def read(path: Path) -> Iterator[Record]:
    """Every record of the table; MaterialError where the file is cut."""
    return read_rows(_with_nulls(csv_rows(path, known=_is_known)), path)


def _is_known(column: str) -> bool:
    name = plain(column)
    return name in (*ONE_COLUMN, *TEXT) or is_persona(name)


def _with_nulls(rows: Any) -> Iterator[tuple[str, Any]]:
    for where, row in rows:
        if isinstance(row, dict):
            row = {name: None if row[name].strip() in _NULLS else row[name] for name in row}
        yield where, row
