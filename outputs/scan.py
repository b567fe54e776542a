"""The rows of many Parquet files together."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa

from outputs.location import Location, for_each
from outputs.record import SCHEMA
from outputs.shards import read_table

_AT_ONCE = 64  # files at a URL whose columns are in memory before they are filtered


def scan(
    files: Sequence[Location], columns: Sequence[str] | None = None, where: pl.Expr | None = None
) -> pl.LazyFrame:
    """These columns, or all, of all files in their order, of the rows for which ``where`` holds.

    Local files are read when the frame is collected. Of files at a URL the columns are fetched
    here, and what is kept of them lies in memory.
    """
    local = [path for path in files if isinstance(path, Path)]
    if not local or len(local) < len(files):
        return _fetch(files, columns or SCHEMA.names, where).lazy()
    rows = pl.scan_parquet(local)
    rows = rows if where is None else rows.filter(where)
    return rows.select(columns) if columns else rows


def _fetch(
    files: Sequence[Location], columns: Sequence[str], where: pl.Expr | None
) -> pl.DataFrame:
    wanted = {*columns, *(where.meta.root_names() if where is not None else ())}
    read = [name for name in SCHEMA.names if name in wanted]
    parts = [_frame([SCHEMA.empty_table().select(read)], columns, where)]
    for start in range(0, len(files), _AT_ONCE):
        tables = for_each(lambda path: read_table(path, read), files[start : start + _AT_ONCE])
        parts.append(_frame(tables, columns, where))
    return pl.concat(parts)


def _frame(
    tables: Sequence[pa.Table], columns: Sequence[str], where: pl.Expr | None
) -> pl.DataFrame:
    frame = pl.from_arrow(pa.concat_tables(tables))
    assert isinstance(frame, pl.DataFrame)
    return (frame if where is None else frame.filter(where)).select(columns)
