"""Parquet tables, read by column."""

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers.columns import read_rows
from crowdglot.errors import MaterialError
from crowdglot.user_files import CUT

HEAD = re.compile("PAR1")


def read(path: Path) -> Iterator[Demonstration]:
    """Every dialogue of the table; MaterialError names the record and column that is wrong."""
    try:
        table = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0].split(".")[0]
        raise MaterialError(f"{path}: damaged Parquet ({reason}); {CUT}.") from None
    rows = enumerate(table.iter_rows(named=True), start=1)
    return read_rows(((f"{path}, record {number}", row) for number, row in rows), path)
