"""Reading a dataset's Parquet files: which there are, some of their rows, and which is damaged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crowdglot.datasets.shards import files_of, read_table
from crowdglot.datasets.storage.location import Location, for_each, opened
from crowdglot.errors import StorageError

_NEEDED = frozenset(
    {
        "id", "language", "speech_event", "common_ground", "personas", "turns", "model", "seed",
        "attempt", "prompt_tokens", "completion_tokens", "seconds", "calls", "reason", "verdicts",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """The files of "data" or "rejected", with the number of rows of each."""

    files: list[Location]
    heights: list[int]


def open_part(folder: Location, name: str) -> Part:
    """Read the footers of all files of "data" or "rejected"; StorageError names a damaged one."""
    files = files_of(folder, name)
    return Part(files, for_each(_height, files))


def _height(path: Location) -> int:
    """How many rows a file has, by its footer."""
    try:
        with opened(path) as source:
            metadata = pq.read_metadata(source)
        names = {path.split(".")[0] for path in _columns(metadata)}
        missing = sorted(_NEEDED - names)
    except (pa.ArrowException, OSError) as error:
        read_table(path)  # says so in the words of all that read shards
        raise StorageError(f"{path}: cannot be read ({_first_line(error)}).") from None
    if missing:
        raise StorageError(
            f"{path}: has no column '{missing[0]}', so it is no shard of this dataset; move it "
            "out of the dataset's folder."
        )
    return int(metadata.num_rows)


def _columns(metadata: pq.FileMetaData) -> list[str]:
    """The paths of its columns, by the first group of rows: the schema of every file would stay in
    memory. A file without rows may have no group; shards of ours have one."""
    if metadata.num_row_groups:
        group = metadata.row_group(0)
        return [group.column(at).path_in_schema for at in range(metadata.num_columns)]
    schema = metadata.schema
    return [schema.column(at).path for at in range(len(schema))]


def read_places(part: Part, places: Sequence[int], columns: Sequence[str]) -> list[dict[str, Any]]:
    """The rows at ``places`` (counted over all files) in that order; one file open at a time."""
    found: dict[int, dict[str, Any]] = {}
    wanted = sorted(places)
    first = at = 0
    for path, height in zip(part.files, part.heights, strict=True):
        here = []
        while at < len(wanted) and wanted[at] < first + height:
            here.append(wanted[at])
            at += 1
        if here:
            rows = read_table(path, list(columns))
            if rows.num_rows != height:
                raise StorageError(
                    f"{path}: was written anew while it was read; run the same command again when "
                    "the run that writes this dataset has ended."
                )
            taken = rows.take(pa.array([place - first for place in here], pa.int64()))
            found.update(zip(here, taken.to_pylist(), strict=True))
        first += height
    return [found[place] for place in places]


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
