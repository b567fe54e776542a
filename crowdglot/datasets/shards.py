"""Shards: fixed ranges of the plan in one language each, written whole or not at all.

The files themselves record what is done. A shard is two Parquet files, first the rejected rows and
then the accepted ones, so a shard whose accepted file exists has both. It is unfinished as long as
a mark for it exists under ``open/``, or a journal on this machine.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crowdglot.datasets.record import SCHEMA, to_calls
from crowdglot.datasets.storage import seal
from crowdglot.datasets.storage.files import move, replacing, storing, write_text
from crowdglot.datasets.storage.location import Location, for_each, local_folder
from crowdglot.datasets.storage.remote import Remote
from crowdglot.engines.calls import Call
from crowdglot.errors import StorageError


@dataclass(frozen=True, slots=True)
class Shard:
    """Dialogues ``first`` to ``first + size - 1`` of one language, whose shard ``number`` it is.

    ``rank``: its number among all shards of the dataset, in the order in which they are written.
    """

    language: str
    number: int
    first: int
    size: int
    rank: int = 0

    @property
    def name(self) -> str:
        """The file's name, without the number of all shards, so that a dataset can grow."""
        return f"train-{self.number:05d}"

    def accepted(self, folder: Location) -> Location:
        """The file of its accepted rows."""
        return folder / "data" / self.language / f"{self.name}.parquet"

    def rejected(self, folder: Location) -> Location:
        """The file of its rejected rows."""
        return folder / "rejected" / self.language / f"{self.name}.parquet"

    def mark(self, folder: Location) -> Location:
        """The file that exists while the shard is unfinished."""
        return folder / "open" / self.language / self.name

    def journal(self, folder: Location) -> Path:
        """The file of its calls until it is written: always on this machine."""
        return local_folder(folder) / "journal" / self.language / f"{self.name}.jsonl"


def shard_at(rank: int, languages: Sequence[str], per_language: int, size: int) -> Shard:
    """The shard of this rank in a dataset of ``per_language`` dialogues, at most ``size`` in each.

    The languages take turns, so that a run cut short has something of each.
    """
    number, language = divmod(rank, len(languages))
    first = number * size
    return Shard(languages[language], number, first, min(size, per_language - first), rank)


def shards_of(languages: Sequence[str], per_language: int, size: int) -> Iterator[Shard]:
    """All shards of a dataset, by rank."""
    for rank in range(-(-per_language // size) * len(languages)):
        yield shard_at(rank, languages, per_language, size)


def is_complete(folder: Location, shard: Shard) -> bool:
    """Whether there is nothing left to do for ``shard``."""
    return not incomplete(folder, [shard])


def incomplete(folder: Location, shards: Collection[Shard]) -> list[Shard]:
    """Those of ``shards`` for which something is left to do; lists folders, opens no file."""
    there = set(written(folder, shards))
    waiting = {
        tag: _names(folder / "open" / tag, "")
        | _names(local_folder(folder) / "journal" / tag, ".jsonl")
        for tag in {shard.language for shard in shards}
    }
    return [
        shard for shard in shards if shard not in there or shard.name in waiting[shard.language]
    ]


def written(folder: Location, shards: Collection[Shard]) -> list[Shard]:
    """Those of ``shards`` whose files exist, finished or not; lists folders."""
    tags = {shard.language for shard in shards}
    there = {tag: _names(folder / "data" / tag, ".parquet") for tag in tags}
    return [shard for shard in shards if shard.name in there[shard.language]]


def begun(folder: Location, shards: Collection[Shard]) -> list[Shard]:
    """Those of ``shards`` that have files, or a journal on this machine; lists folders."""
    there = set(written(folder, shards))
    return [shard for shard in shards if shard in there or shard.journal(folder).exists()]


def missing_dialogues(folder: Location, shard: Shard) -> int:
    """How many dialogues of an unfinished shard are not in its file yet."""
    path = shard.accepted(folder)
    there = read_table(path, ["index"]).num_rows if path.exists() else 0
    return max(0, shard.size - there)


def unfinished(folder: Location) -> int:
    """How many shards are marked, or have a journal on this machine."""
    marks = (folder / "open").glob("*/*[0-9]")
    journals = (local_folder(folder) / "journal").glob("*/*.jsonl")
    names = {
        (path.parents[0].name, path.name.removesuffix(".jsonl")) for path in (*marks, *journals)
    }
    return len(names)


def _names(folder: Location, suffix: str) -> set[str]:
    """The names, without it, of all files in ``folder`` that have this suffix."""
    return {path.name.removesuffix(suffix) for path in folder.glob(f"*{suffix}")}


def reopen(folder: Location, shard: Shard) -> None:
    """Mark a shard as unfinished, before its files are changed one after the other."""
    write_text(shard.mark(folder), "")


def close(folder: Location, shard: Shard) -> None:
    """Delete the mark, once both files are complete."""
    mark = shard.mark(folder)
    with storing(mark):
        mark.unlink(missing_ok=True)


def files_of(folder: Location, part: str, tag: str = "*") -> list[Location]:
    """The Parquet files of ``part`` ("data" or "rejected"), by language and number."""
    return sorted((folder / part).glob(f"{tag}/*.parquet"), key=str)


def write_shard(folder: Location, shard: Shard, accepted: pa.Table, rejected: pa.Table) -> None:
    """Write both files, rows sorted by index and attempt, each with a checksum of itself."""
    for path, rows in ((shard.rejected(folder), rejected), (shard.accepted(folder), accepted)):
        with replacing(path) as temporary:
            # Texts are seldom repeated in a shard, so zstd does better without dictionaries.
            with pq.ParquetWriter(
                temporary, SCHEMA, compression="zstd", use_dictionary=False
            ) as writer:
                writer.write_table(_in_order(rows))
                writer.add_key_value_metadata(seal.PLACEHOLDER)
            seal.seal(temporary)


def _in_order(rows: pa.Table) -> pa.Table:
    # Sorted by numpy, because Arrow's sorting first loads its query engine for most of a second.
    order = np.lexsort((rows["attempt"].to_numpy(), rows["index"].to_numpy()))
    return rows.take(order) if (order[1:] < order[:-1]).any() else rows


def make_room(folder: Location, before: Collection[Shard], shards: Collection[Shard]) -> None:
    """Mark the written shards that get more dialogues, before the larger recipe is stored.

    After a crash in between the mark is superfluous, which only costs a look at that shard.
    """
    sizes = {(shard.language, shard.number): shard.size for shard in before}
    grown = [s for s in shards if sizes.get((s.language, s.number), s.size) < s.size]
    for shard in written(folder, grown):
        reopen(folder, shard)


def read_calls(folder: Location, shard: Shard) -> list[Call]:
    """The calls behind all rows of a shard that has been written; none if it has not."""
    calls: list[Call] = []
    for path in (shard.rejected(folder), shard.accepted(folder)):
        if path.exists():
            for row in read_table(path, ["index", "attempt", "calls"]).to_pylist():
                calls += to_calls(row)
    return calls


def read_table(path: Location, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of a shard's file, with these columns or all.

    Of a file at a URL only the footer and the columns are fetched. StorageError where the file is
    missing or damaged, or has other columns than ``SCHEMA``.
    """
    with opened_file(path) as file:
        table = file.read(columns=columns)
        table.validate(full=True)  # text is checked to be UTF-8
    for name in columns or SCHEMA.names:
        if name not in table.column_names:
            raise unreadable(path, "not as it was written", f"it has no column '{name}'")
    return table


@contextmanager
def opened_file(path: Location) -> Iterator[pq.ParquetFile]:
    """A shard's file to read from; StorageError where it is missing or damaged."""
    try:
        source = path.open() if isinstance(path, Remote) else path
        with pq.ParquetFile(source, pre_buffer=True) as file:
            yield file
    except FileNotFoundError:
        raise StorageError(
            f"{path}: was there a moment ago and is not now; see that nobody else writes to this "
            "dataset, then run the same command again."
        ) from None
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, "damaged", str(error)) from None


def unreadable(path: Location, state: str, cause: str) -> StorageError:
    """The error for any Parquet file of a dataset that cannot be used.

    ``state``: "damaged", or "not as it was written" where other columns were read. ``cause``: of
    several lines the first is told.
    """
    first = (cause.splitlines() or ["no cause is given"])[0][:200]
    return StorageError(
        f"{path}: {state} ({first}); run `crowdglot synthesize` with --verify, which writes a "
        "damaged shard anew, or move the file away if crowdglot did not write it."
    )


def set_aside_damaged(folder: Location, shards: Collection[Shard]) -> list[Location]:
    """Read all files of ``shards`` and move those that have changed since they were written.

    They go to ``damaged/``; their shards are incomplete from then on, and what the other file of
    a shard holds is used again. Returns where the files were.
    """
    there = set(files_of(folder, "data") + files_of(folder, "rejected"))
    paths = [
        (shard, path)
        for shard in shards
        for path in (shard.accepted(folder), shard.rejected(folder))
        if path in there
    ]
    whole = for_each(seal.holds, [path for _, path in paths])
    damaged = [pair for pair, holds in zip(paths, whole, strict=True) if not holds]
    for shard, path in damaged:
        reopen(folder, shard)
        part = path.parents[1].name
        move(path, folder / "damaged" / part / shard.language / path.name)
    return [path for _, path in damaged]
