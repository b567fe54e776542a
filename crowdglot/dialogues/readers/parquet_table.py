"""Parquet tables, read by column."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers.columns import read_rows
from crowdglot.errors import MaterialError
from crowdglot.user_files import CUT


def recognises(head: str) -> bool:
    """Whether the file begins with the format's four letters."""
    return head.startswith("PAR1")


def read(path: Path) -> Iterator[Demonstration]:
    """Every dialogue of the table; MaterialError names the record and column that is wrong."""
    return read_rows(_rows(path), path)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """("FILE, record N", row) for every row, read a few hundred at a time."""
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=256):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path}, record {number}", row
    except (pa.ArrowException, OSError) as error:
        reason = str(error).split(".")[0]
        raise MaterialError(
            f"{path}, record {number + 1}: damaged Parquet ({reason}); {CUT}."
        ) from None
