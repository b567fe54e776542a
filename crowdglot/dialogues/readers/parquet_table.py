"""Parquet tables, read by column."""

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from crowdglot.dialogues.readers.records import Record
from crowdglot.dialogues.readers.table import read_rows
from crowdglot.errors import MaterialError
from crowdglot.user_files import CUT, MOST_BYTES

HEAD = re.compile("PAR1")


def read(path: Path) -> Iterator[Record]:
    """Every record of the table; MaterialError where it is damaged, or larger than it looks."""
    try:
        _check_size(path, _unpacked_bytes(path))
        table = pl.read_parquet(path, glob=False)
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from None
    except BaseException as error:  # polars' own panics are no ordinary exceptions
        if type(error).__name__ != "PanicException":
            raise
        raise _damaged(path, error) from None
    # A text that stands a million times takes the place of one here, and of a million as rows.
    _check_size(path, table.estimated_size())
    rows = enumerate(table.iter_rows(named=True, buffer_size=64), start=1)
    return read_rows(((f"{path}, record {number}", row) for number, row in rows), path)


def _unpacked_bytes(path: Path) -> int:
    about = pq.read_metadata(path)
    return sum(about.row_group(at).total_byte_size for at in range(about.num_row_groups))


def _check_size(path: Path, size: float) -> None:
    if size > MOST_BYTES:
        raise MaterialError(f"{path}: unpacks to more than {MOST_BYTES:,} bytes; divide it.")


def _damaged(path: Path, error: BaseException) -> MaterialError:
    reason = next(iter(str(error).splitlines()), "unknown").split(".")[0][:200]
    return MaterialError(f"{path}: damaged Parquet ({reason}); {CUT}.")
