"""CSV tables with a header, read by column."""

import re
from collections.abc import Iterator
from pathlib import Path

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers.columns import read_rows
from crowdglot.user_files import csv_rows

HEAD = re.compile(r"[^\n]*,|\Z")  # an empty file is a table without rows


def read(path: Path) -> Iterator[Demonstration]:
    """Every dialogue of the table; MaterialError names the record and column that is wrong."""
    return read_rows(csv_rows(path), path)
