"""The rows of many Parquet files together, read some files at a time.

So memory holds what is kept of them, however many files there are.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa

from crowdglot.datasets.record import SCHEMA
from crowdglot.datasets.shards import files_of, read_table
from crowdglot.datasets.storage import seal
from crowdglot.datasets.storage.location import Location, for_each
from crowdglot.errors import StorageError

_AT_ONCE = 16  # files


def batches(
    files: Sequence[Location], columns: Sequence[str] | None = None, where: pl.Expr | None = None
) -> Iterator[pl.DataFrame]:
    """These columns, or all, of all files in their order, of the rows for which ``where`` holds.

    A frame for every few files, which may have no rows; one such where there are no files.
    """
    if not files:
        yield _kept(_frame(()), columns, where)
    for start in range(0, len(files), _AT_ONCE):
        some = files[start : start + _AT_ONCE]
        local = [path for path in some if isinstance(path, Path)]
        rows = pl.scan_parquet(local) if len(local) == len(some) else _fetch(some, columns, where)
        yield _kept(rows, columns, where)


def collect(
    files: Sequence[Location], columns: Sequence[str] | None = None, where: pl.Expr | None = None
) -> pl.DataFrame:
    """What ``batches`` gives, as one frame."""
    return pl.concat(batches(files, columns, where))


@contextmanager
def naming_damage(folder: Location) -> Iterator[None]:
    """Turn an error of polars, which does not always tell the file, into one that does."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0][:200]
        for path in files_of(folder, "data") + files_of(folder, "rejected"):
            read_table(path)
            if not seal.holds(path):
                raise StorageError(
                    f"{path}: not as it was written ({first}); run `crowdglot synthesize` with "
                    "--verify, which writes a damaged shard anew, or move out a file of others."
                ) from None
        raise StorageError(
            f"{folder}: its Parquet files cannot be read together ({first}); wait for the run that "
            "writes them, or move out those that another version of crowdglot wrote."
        ) from None


def _kept(rows: pl.LazyFrame, columns: Sequence[str] | None, where: pl.Expr | None) -> pl.DataFrame:
    rows = rows if where is None else rows.filter(where)
    frame = (rows.select(columns) if columns else rows).collect()
    if where is None:
        return frame
    # Filtered texts are views into all that was read; Arrow's older layout has them copied out.
    copied = pl.from_arrow(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
    assert isinstance(copied, pl.DataFrame)
    return copied


def _fetch(
    files: Sequence[Location], columns: Sequence[str] | None, where: pl.Expr | None
) -> pl.LazyFrame:
    """Files at a URL, of which no more than the columns are transferred."""
    wanted = {*(columns or SCHEMA.names), *(where.meta.root_names() if where is not None else ())}
    read = [name for name in SCHEMA.names if name in wanted]
    return _frame(for_each(lambda path: read_table(path, read), files))


def _frame(tables: Sequence[pa.Table]) -> pl.LazyFrame:
    # Not SCHEMA.empty_table(), which imports pandas where it is installed.
    none = () if tables else (pa.Table.from_batches([], SCHEMA),)
    frame = pl.from_arrow(pa.concat_tables((*tables, *none)))
    assert isinstance(frame, pl.DataFrame)
    return frame.lazy()
