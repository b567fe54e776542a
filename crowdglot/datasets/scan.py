"""The rows of many Parquet files together, read some files at a time.

So memory holds what is kept of them, however many files there are. The position of a row is the
number of its file among those given, times 2^32, plus its number in the file.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl
import pyarrow as pa

from crowdglot.datasets.record import SCHEMA
from crowdglot.datasets.storage.location import Location, for_each
from crowdglot.datasets.tables import check_columns, read_slowly, read_table
from crowdglot.errors import StorageError

_AT_ONCE = 16  # files that are read together, or frames that are merged
FILE = 1 << 32


def batches(
    files: Sequence[Location], columns: Sequence[str] = SCHEMA.names
) -> Iterator[pl.DataFrame]:
    """These columns of all files in their order, and "position"; a frame for every few files.

    One frame without rows where there are no files. StorageError names a file that cannot be read.
    """
    for start in range(0, max(1, len(files)), _AT_ONCE):
        some = files[start : start + _AT_ONCE]
        tables = for_each(lambda path: read_table(path, columns), some)
        positions = [np.arange(len(table)) + at * FILE for at, table in enumerate(tables, start)]
        position = pl.Series(np.concatenate([np.empty(0, np.int64), *positions]))
        yield _frame(tables, columns).with_columns(position=position)


def rows_of(path: Location, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The rows of one file in their order, as dictionaries, a few at a time.

    StorageError where the file cannot be read or has other columns than it was written with.
    """
    for table in read_slowly(path, columns):
        yield from table.to_pylist()


def collect(files: Sequence[Location], columns: Sequence[str] = SCHEMA.names) -> pl.DataFrame:
    """These columns of all files, as one frame."""
    return pl.concat(batches(files, columns)).drop("position")


def first_rows(
    files: Sequence[Location], most: int, keep: Callable[[pl.DataFrame], pl.DataFrame]
) -> pl.DataFrame:
    """The first ``most`` rows of those that ``keep`` leaves; no more is read than it takes."""
    found = [_frame([])]
    for path in files:
        for table in read_slowly(path):
            found.append(keep(_frame([table])))
            if sum(map(len, found)) >= most:
                return pl.concat(found).head(most)
    return pl.concat(found)


def lazily(files: Sequence[Location]) -> pl.LazyFrame:
    """The rows of all files; of local ones only what a query needs is read. StorageError where the
    columns of one are not ours."""
    local = [path for path in files if isinstance(path, Path)]
    if not local:
        return collect(files).lazy()
    for path in local:
        check_columns(path)
    # Datasets of an earlier version lack columns that came later.
    return pl.scan_parquet(local, glob=False, schema=_frame([]).schema, missing_columns="insert")


def merged(
    parts: Iterable[pl.DataFrame], merge: Callable[[pl.DataFrame], pl.DataFrame]
) -> pl.DataFrame:
    """``merge`` of all parts together, of which a few are in memory at a time.

    Merging what was merged before must change nothing.
    """
    waiting: list[pl.DataFrame] = []
    for part in parts:
        waiting.append(part)
        if len(waiting) > _AT_ONCE:
            waiting = [merge(pl.concat(waiting))]
    return merge(pl.concat(waiting))


def rows_at(
    files: Sequence[Location], positions: Iterable[int], columns: Sequence[str]
) -> pl.DataFrame:
    """The rows at these positions, which ascend; no other rows stay in memory."""
    wanted = {
        files[number]: [position % FILE for position in some]
        for number, some in groupby(positions, lambda position: position // FILE)
    }

    def read(path: Location) -> pa.Table:
        table = read_table(path, columns)
        if wanted[path][-1] >= table.num_rows:
            raise StorageError(
                f"{path}: was written anew while it was read; run the same command again when the "
                "run that writes this dataset has ended."
            )
        return table.take(wanted[path])

    return _frame(for_each(read, list(wanted)), columns)


def _frame(tables: Sequence[pa.Table], columns: Sequence[str] = SCHEMA.names) -> pl.DataFrame:
    """The rows of all tables; their types are those of ``SCHEMA``, for so they are read."""
    # Not SCHEMA.empty_table(), which imports pandas where it is installed.
    nothing = pa.Table.from_batches([], pa.schema([SCHEMA.field(name) for name in columns]))
    return cast(pl.DataFrame, pl.from_arrow(pa.concat_tables([nothing, *tables])))
