"""Shards: fixed ranges of the plan in one language each, written whole or not at all.

What lies on disk is the only ledger. A shard is two Parquet files, first the rejected rows and
then the accepted ones, so a shard whose accepted file is there has both; a journal beside them
says that something is still to be done.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crowdglot.errors import StorageError
from outputs import checksum
from outputs.record import SCHEMA, Entry, to_entry
from outputs.storage import replacing, storing


@dataclass(frozen=True, slots=True)
class Shard:
    """Positions ``first`` to ``first + size - 1`` of one language; ``number`` of ``count``.

    ``rank``: its place among all shards of the dataset, in the order in which they are written.
    """

    language: str
    number: int
    count: int
    first: int
    size: int
    rank: int = 0

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


def shard_at(rank: int, languages: Sequence[str], per_language: int, size: int) -> Shard:
    """The shard of this rank in a dataset of ``per_language`` dialogues, at most ``size`` in each.

    The languages take turns, so that a run cut short has something of each.
    """
    number, language = divmod(rank, len(languages))
    count = -(-per_language // size)
    first = number * size
    return Shard(languages[language], number, count, first, min(size, per_language - first), rank)


def shards_of(languages: Sequence[str], per_language: int, size: int) -> Iterator[Shard]:
    """All shards of a dataset, by rank."""
    for rank in range(-(-per_language // size) * len(languages)):
        yield shard_at(rank, languages, per_language, size)


def is_complete(folder: Path, shard: Shard) -> bool:
    """Whether there is nothing left to do for ``shard``."""
    return shard.accepted(folder).exists() and not shard.journal(folder).exists()


def incomplete(folder: Path, shards: Collection[Shard]) -> list[Shard]:
    """Those of ``shards`` for which something is left to do; lists folders, opens no file."""
    written: dict[str, set[str]] = {}
    journals: dict[str, set[str]] = {}
    for tag in {shard.language for shard in shards}:
        written[tag] = _stems(folder / "data" / tag)
        journals[tag] = _stems(folder / "journal" / tag)
    return [
        shard
        for shard in shards
        if shard.name not in written[shard.language] or shard.name in journals[shard.language]
    ]


def _stems(folder: Path) -> set[str]:
    if not folder.is_dir():
        return set()
    return {path.stem for path in folder.iterdir() if path.suffix in (".parquet", ".jsonl")}


def write_shard(folder: Path, shard: Shard, accepted: pa.Table, rejected: pa.Table) -> None:
    """Write both files, rows sorted by index and attempt, each with a checksum of itself."""
    for path, rows in ((shard.rejected(folder), rejected), (shard.accepted(folder), accepted)):
        with replacing(path) as temporary:
            ordered = rows.sort_by([("index", "ascending"), ("attempt", "ascending")])
            with pq.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer:
                writer.write_table(ordered)
                writer.add_key_value_metadata(checksum.PLACEHOLDER)
            checksum.seal(temporary)


def read_entries(folder: Path, shard: Shard) -> list[Entry]:
    """The completions behind all rows of a shard that has been written; none if it has not."""
    entries: list[Entry] = []
    for path in (shard.rejected(folder), shard.accepted(folder)):
        if path.exists():
            entries += map(to_entry, read_table(path).to_pylist())
    return entries


def read_table(path: Path, columns: Sequence[str] | None = None) -> Any:
    """A shard's file, whole or some columns; StorageError if it is damaged."""
    try:
        return pq.read_table(path, columns=columns)
    except (pa.ArrowException, OSError) as error:
        first = str(error).splitlines()[0]
        raise StorageError(
            f"{path}: damaged ({first}); run `crowdglot synthesize` with --verify, only this "
            "shard is written anew."
        ) from None


def set_aside_damaged(folder: Path, shards: Collection[Shard]) -> list[Path]:
    """Read all files of ``shards`` and move those that are not as they were written.

    They go to ``damaged/``; their shards are incomplete from then on, and what the other file of
    a shard holds is used again. Returns where the files were.
    """
    found: list[Path] = []
    for shard in shards:
        for path in (shard.accepted(folder), shard.rejected(folder)):
            if path.exists() and not checksum.holds(path):
                with storing(path):
                    shard.journal(folder).parent.mkdir(parents=True, exist_ok=True)
                    shard.journal(folder).touch()
                    aside = folder / "damaged" / path.relative_to(folder)
                    aside.parent.mkdir(parents=True, exist_ok=True)
                    path.replace(aside)
                found.append(path)
    return found
