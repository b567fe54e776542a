"""Reading a Parquet file of a dataset: our columns, whole, and no more than fits the memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from crowdglot.datasets.record import SCHEMA
from crowdglot.datasets.storage.guarded import check_regular
from crowdglot.datasets.storage.location import Location
from crowdglot.datasets.storage.remote import Remote
from crowdglot.datasets.told import told_before
from crowdglot.errors import StorageError
from crowdglot.printable import one_line

# What a file may unpack to: so much, and so many times its own size. Ours unpack to ten times.
_ROOM, _TIMES = 1 << 26, 100
# Rows that are read at a time where what they unpack to is not known before: all of them, or few.
_ROWS, _FEW = 128, 32
# What our own rows leave out: fields, and whole columns.
_NULLS = {"verdicts": {"reason", "score"}, "calls": {"prompt_logprob"}}
_LATER = frozenset({"traits", "scene", "thoughts", "told"})  # which earlier datasets do not have
_YEAR_10000 = 253_402_300_800_000_000  # in microseconds since 1970
_NULLABLE = frozenset({"ended", "parts", "memories", "debate", *_LATER})


def read_table(path: Location, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of a shard's file, with these columns or all.

    Of a file at a URL only the footer and the columns are fetched. StorageError where the file is
    missing or damaged, unpacks to more than is believable, or has other columns than ``SCHEMA``.
    """
    names = list(columns or SCHEMA.names)
    with _opened(path) as (file, room):
        # A text may be stored once and stand in many rows, which no size tells of.
        if any(column.has_dictionary_page for column in _chunks(file)):
            parts = list(_bounded(path, file, names, room, _ROWS))
            table = pa.Table.from_batches(parts, parts[0].schema) if parts else file.read(names)
        else:
            table = file.read(columns=names)
    return _as_written(path, table, names)


def read_slowly(path: Location, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The same a few rows at a time, for whoever does not want all."""
    names = list(columns or SCHEMA.names)
    with _opened(path) as (file, room):
        for batch in _bounded(path, file, names, room, _FEW):
            yield _as_written(path, pa.Table.from_batches([batch]), names)


@contextmanager
def opened_file(path: Location) -> Iterator[pq.ParquetFile]:
    """The file, to read of it what ``read_table`` does not give; raises what that raises."""
    with _opened(path) as (file, _):
        yield file


@contextmanager
def _opened(path: Location) -> Iterator[tuple[pq.ParquetFile, int]]:
    """The file, looked at, and to how many bytes it may unpack."""
    check_regular(path)
    try:
        if isinstance(path, Remote):
            source = path.open()
            with pq.ParquetFile(source, pre_buffer=True) as file:
                yield file, _room(path, file, source.size)
        else:
            with pq.ParquetFile(path, pre_buffer=True) as file:
                yield file, _room(path, file, path.stat().st_size)
    except FileNotFoundError:
        raise StorageError(
            f"{one_line(path)}: was there a moment ago and is not now; see that nobody else writes "
            "to this dataset, then run the same command again."
        ) from None
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, "damaged", str(error)) from None


def _room(path: Location, file: pq.ParquetFile, size: int) -> int:
    room = _ROOM + _TIMES * size
    told = sum(group.total_byte_size for group in _groups(file))
    values = sum(column.num_values for column in _chunks(file))
    if told > room or values > room:
        raise unreadable(path, "not as it was written", f"it unpacks to {max(told, values):,}")
    return room


def _groups(file: pq.ParquetFile) -> Iterator[pq.RowGroupMetaData]:
    return (file.metadata.row_group(number) for number in range(file.num_row_groups))


def _chunks(file: pq.ParquetFile) -> Iterator[pq.ColumnChunkMetaData]:
    return (group.column(at) for group in _groups(file) for at in range(group.num_columns))


def _largest_row(file: pq.ParquetFile) -> int:
    """To how many bytes a row may unpack in which each value is the largest of its dictionary."""
    groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
    columns = [
        (group.column(at), max(1, group.num_rows))
        for group in groups
        for at in range(group.num_columns)
        if group.column(at).has_dictionary_page
    ]
    sizes = (own.total_uncompressed_size * -(-own.num_values // rows) for own, rows in columns)
    return max(sizes, default=0) or 1


def _bounded(
    path: Location, file: pq.ParquetFile, names: Sequence[str], room: int, rows: int
) -> Iterator[pa.RecordBatch]:
    read, rows = 0, min(rows, room // _largest_row(file))
    if not rows:
        raise unreadable(path, "not as it was written", f"a row may unpack to more than {room:,}")
    for batch in file.iter_batches(rows, columns=names):
        read += batch.nbytes
        if read > room:
            raise unreadable(path, "not as it was written", f"it unpacks to more than {room:,}")
        yield batch


def _as_written(path: Location, table: pa.Table, names: Sequence[str]) -> pa.Table:
    """The table with the columns as ``SCHEMA`` has them; StorageError where they are others."""
    try:
        table.validate(full=True)  # text is checked to be UTF-8
        for name in names:
            if name not in table.column_names and name in _LATER:
                value = told_before(path) if name == "told" else None
                values = pa.array([value] * len(table), SCHEMA.field(name).type)
                table = table.append_column(name, values)
            _check_column(path, table.schema, name)
            values, may = table[name].combine_chunks(), _NULLS.get(name, set())
            if name not in _NULLABLE and _lacks(values, may):
                raise unreadable(
                    path, "not as it was written", f"'{name}' is null in a row, or is no date"
                )
        return table.select(names).cast(pa.schema([SCHEMA.field(name) for name in names]))
    except pa.ArrowException as error:
        raise unreadable(path, "damaged", str(error)) from None


def check_columns(path: Location) -> None:
    """StorageError where the file's columns are not those of ``SCHEMA``; no row is read."""
    with _opened(path) as (file, _):
        for name in SCHEMA.names:
            if name not in _LATER or name in file.schema_arrow.names:
                _check_column(path, file.schema_arrow, name)


def _check_column(path: Location, columns: pa.Schema, name: str) -> None:
    """One such column has to be there, of the type that it has in ``SCHEMA``."""
    if (count := columns.names.count(name)) != 1:
        what = f"{count} columns are called" if count else "it has no column"
        raise unreadable(path, "not as it was written", f"{what} '{name}'")
    found = columns.field(name).type
    if _short(found) != _short(SCHEMA.field(name).type):
        raise unreadable(path, "not as it was written", f"'{name}' is {found}")


def _short(kind: pa.DataType) -> str:
    """The type's name; another program may have written the same with longer offsets."""
    return str(kind).replace("large_", "").replace("_view", "").replace("element:", "item:")


def _lacks(values: pa.Array, may: set[str]) -> bool:
    """Whether a value that is always there is null, or a moment that no calendar of ours has."""
    if values.null_count:
        return True
    kind = values.type
    if pa.types.is_timestamp(kind) and len(values):
        ends = pc.min_max(values.cast(pa.int64()))
        return bool(ends["min"].as_py() < 0 or ends["max"].as_py() >= _YEAR_10000)
    if pa.types.is_struct(kind):
        return any(_lacks(values.field(part.name), set()) for part in kind if part.name not in may)
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind)) and _lacks(
        values.flatten(), may
    )


def unreadable(path: Location, state: str, cause: str) -> StorageError:
    """The error for any Parquet file of a dataset that cannot be used.

    ``state``: "damaged", or "not as it was written" where other columns were read. ``cause``: of
    several lines the first is told.
    """
    first = one_line((cause.splitlines() or ["no cause is given"])[0], 200)
    return StorageError(
        f"{one_line(path)}: {state} ({first}); run `crowdglot synthesize` with --verify, which "
        "writes a damaged shard anew, or move the file away if crowdglot did not write it."
    )
