"""Parquet tables, read by column."""

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from crowdglot.bounded_files import CUT
from crowdglot.dialogues.readers.records import Record
from crowdglot.dialogues.readers.table import read_rows
from crowdglot.errors import MaterialError
from crowdglot.printable import name_shown
from crowdglot.user_files import MOST_BYTES

HEAD = re.compile("PAR1")
_DAMAGED = (pa.ArrowException, OSError, ValueError, TypeError, KeyError, MemoryError)
_MOST_VALUES = 200_000_000
_ROWS_AT_ONCE = 256


def read(path: Path) -> Iterator[Record]:
    """Every record of the table; MaterialError where it is damaged, or larger than it looks."""
    return read_rows(_rows(path), path)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """("FILE, record N", row). A text that stands a million times is kept once until then."""
    try:
        about = pq.read_metadata(path)
        groups = [about.row_group(at) for at in range(about.num_row_groups)]
        size = sum(group.total_byte_size for group in groups)
        values = sum(g.column(at).num_values for g in groups for at in range(g.num_columns))
        _check_size(path, size, values)
        columns = [about.schema.column(at) for at in range(len(about.schema))]
        texts = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            size, numbers = 0, count(1)
            for batch in file.iter_batches(_ROWS_AT_ONCE):
                size += sum(map(_unpacked_bytes, batch.columns))
                _check_size(path, size)
                for row in batch.to_pylist():
                    yield f"{path}, record {next(numbers)}", row
    except _DAMAGED as error:
        raise _damaged(path, error) from None


def _unpacked_bytes(array: Any) -> int:
    """The bytes of all texts, each as often as it stands there."""
    if pa.types.is_dictionary(array.type):
        lengths = pc.fill_null(pc.take(pc.binary_length(array.dictionary), array.indices), 0)
        return pc.sum(lengths.cast(pa.int64())).as_py() or 0
    if pa.types.is_struct(array.type):
        return sum(map(_unpacked_bytes, array.flatten()))
    if pa.types.is_map(array.type):
        return _unpacked_bytes(array.keys) + _unpacked_bytes(array.items)
    if pa.types.is_nested(array.type):
        return _unpacked_bytes(array.flatten())
    return int(array.nbytes)


def _check_size(path: Path, size: int, values: int = 0) -> None:
    if size > MOST_BYTES or values > _MOST_VALUES:
        raise MaterialError(f"{path}: unpacks to more than {MOST_BYTES:,} bytes; divide it.")


def _damaged(path: Path, error: BaseException) -> MaterialError:
    reason = name_shown(next(iter(str(error).splitlines()), "unknown").split(".")[0])
    return MaterialError(f"{path}: damaged Parquet ({reason}); {CUT}.")
