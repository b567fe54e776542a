"""CSV tables with a header, read by column."""

from collections.abc import Iterator
from pathlib import Path

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers.columns import read_rows
from crowdglot.user_files import csv_rows


def recognises(head: str) -> bool:
    """Whether the first line has a comma. An empty file is a table without rows."""
    return not head or "," in head.split("\n", 1)[0]


def read(path: Path) -> Iterator[Demonstration]:
    """Every dialogue of the table; MaterialError names the record and column that is wrong."""
    return read_rows(csv_rows(path), path)
