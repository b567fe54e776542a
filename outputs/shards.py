"""Shards: fixed ranges of the plan in one language each, written whole or not at all.

What lies on disk is the only ledger. A shard is two Parquet files, first the rejected rows and
then the accepted ones, so a shard whose accepted file is there has both.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crowdglot.errors import StorageError
from outputs.record import SCHEMA, Entry, to_entry
from outputs.storage import replacing

_COMPLETE = b"crowdglot.complete"


@dataclass(frozen=True, slots=True)
class Shard:
    """Positions ``first`` to ``first + size - 1`` of one language; ``number`` of ``count``."""

    language: str
    number: int
    count: int
    first: int
    size: int

    @property
    def name(self) -> str:
        """The file's name, as the hub names the parts of a split."""
        return f"train-{self.number:05d}-of-{self.count:05d}"

    def accepted(self, folder: Path) -> Path:
        """Where its accepted rows lie."""
        return folder / "data" / self.language / f"{self.name}.parquet"

    def rejected(self, folder: Path) -> Path:
        """Where its rejected rows lie."""
        return folder / "rejected" / self.language / f"{self.name}.parquet"

    def journal(self, folder: Path) -> Path:
        """Where its completions lie until it is written."""
        return folder / "journal" / self.language / f"{self.name}.jsonl"


def shards_of(languages: Sequence[str], per_language: int, size: int) -> Iterator[Shard]:
    """All shards of a dataset of ``per_language`` dialogues, at most ``size`` in each.

    The languages take turns, so that a run cut short has something of each.
    """
    count = -(-per_language // size)
    for number in range(count):
        for language in languages:
            first = number * size
            yield Shard(language, number, count, first, min(size, per_language - first))


def is_complete(folder: Path, shard: Shard) -> bool:
    """Whether there is nothing left to do for ``shard``: reads the footer of its file, no rows.

    A journal beside the files is a rewriting that was cut short.
    """
    path = shard.accepted(folder)
    if not path.exists() or shard.journal(folder).exists():
        return False
    metadata = _reading(path, pq.read_metadata).metadata or {}
    return bool(metadata.get(_COMPLETE) == b"true")


def write_shard(
    folder: Path,
    shard: Shard,
    accepted: Sequence[Mapping[str, Any]],
    rejected: Sequence[Mapping[str, Any]],
    *,
    complete: bool,
) -> None:
    """Write both files, rows sorted by index and attempt.

    ``complete`` is False when rows are still wanted, as after judging anew with stricter critics.
    """
    schema = SCHEMA.with_metadata({_COMPLETE: b"true" if complete else b"false"})
    for path, rows in ((shard.rejected(folder), rejected), (shard.accepted(folder), accepted)):
        ordered = sorted(rows, key=lambda row: (row["index"], row["attempt"]))
        table = pa.Table.from_pylist(ordered, schema=schema)
        with replacing(path) as temporary:
            pq.write_table(table, temporary, compression="zstd")


def read_entries(folder: Path, shard: Shard) -> list[Entry]:
    """The completions behind all rows of a shard that has been written; none if it has not."""
    entries: list[Entry] = []
    for path in (shard.rejected(folder), shard.accepted(folder)):
        if path.exists():
            entries += map(to_entry, _reading(path, pq.read_table).to_pylist())
    return entries


def _reading(path: Path, read: Any) -> Any:
    try:
        return read(path)
    except (pa.ArrowInvalid, pa.ArrowException, OSError) as error:
        first = str(error).splitlines()[0]
        raise StorageError(
            f"{path}: damaged ({first}); delete this file and run the same command again, "
            "only this shard is written anew."
        ) from None
