"""What is looked for in a dataset: a few columns of all rows, in files that are mapped into memory.

So the system may take the memory back, however many rows there are. A text is found wherever its
letters stand, as in languages that put no blanks between words; case, width, vowel signs and
joiners do not count. Each blank-separated part must be found; "quotes" keep a phrase together.
"""

import re
import tempfile
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, cast

import polars as pl
import pyarrow as pa
from pydantic import Field

from crowdglot.datasets.browse.ratings import Name
from crowdglot.datasets.scan import FILE, batches
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.files import storing
from crowdglot.datasets.storage.location import Location
from crowdglot.datasets.withdrawals import read_withdrawals
from crowdglot.errors import StorageError
from crowdglot.strict_toml import Strict

DRAFT = {"language": pl.String, "index": pl.Int64, "attempt": pl.Int64}
_OPENING = 120  # characters of the first turn, in the list
_PART = re.compile(r'"([^"]+)"|(\S+)')
# Soft hyphens, joiners, and the vowel signs that Arabic and Hebrew are mostly written without.
_DROPPED = [0xAD, *range(0x200B, 0x2010), 0xFEFF, *range(0x64B, 0x653), *range(0x591, 0x5BE)]
_DROPPED += [0x5BF, 0x5C1, 0x5C2, 0x5C7, 0x640]
_FOLDS = {"ß": "ss", "ς": "σ", "i\u0307": "i"} | {chr(code): "" for code in _DROPPED}


class Wanted(Strict):
    """What is looked for; "" and None stand for anything.

    ``said``: by ``critic``; ``least`` and ``most``: the range of its score. ``rated``: by
    ``rater``. ``start``: the first row that is shown of those found.
    """

    language: str = ""
    event: str = ""
    verdict: Literal["", "accepted", "rejected", "surplus", "withdrawn"] = ""
    critic: str = ""
    said: Literal["", "passed", "rejected"] = ""
    least: float | None = None
    most: float | None = None
    text: str = Field(default="", max_length=500)
    rater: Name = ""
    rated: Literal["", "yes", "no"] = ""
    start: int = Field(default=0, ge=0, lt=1 << 62)


class Index:
    """The rows of ``folder`` as they are now; StorageError names a damaged file.

    ``rows``: "row" (its number here), "position" (see ``scan``), and what the list shows. Texts and
    verdicts are read meanwhile; who needs them waits.
    """

    def __init__(self, folder: Location) -> None:
        self.folder, self.files = folder, _in_order(folder)
        self._state = _state(self.files)
        [self.rows] = _mapped(self.files, _LISTED, _listed)
        reading = ThreadPoolExecutor(1)
        self._rest = reading.submit(self._read_rest)
        reading.shutdown(wait=False)

    def _read_rest(self) -> list[pl.DataFrame]:
        """Verdicts and texts; StorageError where the rows are others by now."""
        frames = _mapped(self.files, _REST, _verdicts, _texts)
        if not self.is_current():
            raise StorageError(
                f"{self.folder}: was written anew while it was read; reload the page."
            )
        return frames

    def is_current(self) -> bool:
        """Whether the files are those that were read."""
        return _state(_in_order(self.folder)) == self._state

    @property
    def verdicts(self) -> pl.DataFrame:
        """ "row", "critic", "rejects", "score"."""
        return self._rest.result()[0]

    def counts(self, column: str) -> dict[str, int]:
        """How many rows have each value of a column of ``rows``."""
        return dict(self.rows.group_by(column).len().sort(column).iter_rows())

    def critics(self) -> list[dict[str, Any]]:
        """ "critic", and the "least" and "most" of its scores; null where it gives none."""
        scores = [pl.min("score").alias("least"), pl.max("score").alias("most")]
        return self.verdicts.group_by("critic").agg(scores).sort("critic").to_dicts()

    def find(self, wanted: Wanted, rated: pl.DataFrame) -> pl.Series:
        """The numbers of the rows that are wanted. ``rated``: by ``wanted.rater``, as ``DRAFT``."""
        rows, only = self.rows.lazy(), pl.col
        if wanted.language:
            rows = rows.filter(only("language") == wanted.language)
        if wanted.event:
            rows = rows.filter(only("speech_event") == wanted.event)
        if wanted.verdict == "withdrawn":
            rows = rows.join(self.withdrawn().lazy(), on="row", how="semi")
        elif wanted.verdict:
            rows = rows.filter(only("verdict") == wanted.verdict)
            rows = rows.join(self.withdrawn().lazy(), on="row", how="anti")
        if wanted.critic:
            rows = rows.join(self._judged(wanted), on="row", how="semi")
        if wanted.rated:
            how: Any = "semi" if wanted.rated == "yes" else "anti"
            rows = rows.join(rated.lazy(), on=[*DRAFT], how=how)
        if searched := parts(wanted.text):
            held = [only("text").str.contains(part, literal=True) for part in searched]
            rows = rows.join(self._rest.result()[1].lazy().filter(held), on="row", how="semi")
        return rows.select("row").collect()["row"].sort()

    def _judged(self, wanted: Wanted) -> pl.LazyFrame:
        judged = self.verdicts.lazy().filter(pl.col("critic") == wanted.critic)
        if wanted.said:
            judged = judged.filter(pl.col("rejects") == (wanted.said == "rejected"))
        if wanted.least is not None:
            judged = judged.filter(pl.col("score") >= wanted.least)
        if wanted.most is not None:
            judged = judged.filter(pl.col("score") <= wanted.most)
        return judged

    def withdrawn(self) -> pl.DataFrame:
        """ "row" and "by" of the rows that were withdrawn and are still here."""
        every = read_withdrawals(self.folder).every
        told = [(one.language, one.index, one.attempt, one.by) for one in every]
        named = pl.DataFrame(told, {**DRAFT, "by": pl.String}, orient="row").unique([*DRAFT])
        return self._accepted(named).select("row", "by").collect()

    def shards_of(self, drafts: Collection[tuple[str, int, int]]) -> dict[Any, int]:
        """Of the accepted rows among these drafts the number of their shard."""
        found = self._accepted(pl.DataFrame([*drafts], DRAFT, orient="row"))
        rows = found.select(*DRAFT, "position").collect().rows()
        numbers = [re.match(r"train-(\d+)", self.files[row[3] // FILE].name) for row in rows]
        return {row[:3]: int(at[1]) for row, at in zip(rows, numbers, strict=True) if at}

    def _accepted(self, named: pl.DataFrame) -> pl.LazyFrame:
        here = self.rows.lazy().filter(pl.col("verdict") == "accepted")
        return here.join(named.lazy(), on=[*DRAFT])

    def candidates(self, row: int) -> list[int]:
        """The numbers of all rows of its scenario, the accepted one first."""
        own = self.rows.row(row, named=True)
        same = (pl.col("index") == own["index"]) & (pl.col("language") == own["language"])
        found = self.rows.lazy().filter(same).sort(pl.col("verdict") != "accepted", "attempt")
        return found.select("row").collect()["row"].to_list()


def parts(text: str) -> list[str]:
    """The parts of a search that must all be found, folded as the texts are."""
    found = [quoted or word for quoted, word in _PART.findall(text)]
    folded = pl.DataFrame({"text": found}, {"text": pl.String}).select(_folded(pl.col("text")))
    return [part for part in folded["text"] if part]


def _folded(text: pl.Expr) -> pl.Expr:
    lower = text.str.normalize("NFKC").str.to_lowercase()
    return lower.str.replace_many(list(_FOLDS), list(_FOLDS.values()))


def _in_order(folder: Location) -> list[Location]:
    """All files, those of one shard one after the other, so that candidates stand together."""
    both = [*files_of(folder, "data"), *files_of(folder, "rejected")]
    return sorted(both, key=lambda path: (path.parents[0].name, path.name, str(path)))


def _state(files: Sequence[Location]) -> list[Any]:
    """What changes when a file is written anew; of files at a URL their names only."""
    stats = [path.stat() if isinstance(path, Path) else None for path in files]
    return [
        (str(path), one and (one.st_ino, one.st_size, one.st_mtime_ns))
        for path, one in zip(files, stats, strict=True)
    ]


_LISTED = ("id", "speech_event", "reason", "turns")
_REST = ("id", "common_ground", "turns", "verdicts")


def _listed(read: pl.DataFrame) -> pl.DataFrame:
    first = pl.col("turns").list.first().struct.field("text")
    verdict = pl.col("reason").replace_strict(
        {"": "accepted", "surplus": "surplus"}, default="rejected"
    )
    return read.select(
        "row", "position", *DRAFT, "id", "speech_event", "reason", verdict=verdict,
        opening=first.fill_null("").str.slice(0, _OPENING),
    )  # fmt: skip


def _texts(read: pl.DataFrame) -> pl.DataFrame:
    said = pl.col("turns").list.eval(pl.element().struct.field("text")).list.join("\n")
    premise = pl.col("common_ground").struct.field("premise")
    return read.select("row", text=_folded(pl.concat_str("id", premise, said, separator="\n")))


def _verdicts(read: pl.DataFrame) -> pl.DataFrame:
    field, told = pl.col("verdicts").struct.field, read.select("row", "verdicts")
    return told.explode("verdicts", empty_as_null=False).select(
        "row", field("critic"), rejects=field("reason").is_not_null(),
        score=field("score").cast(pl.Float32),
    )  # fmt: skip


def _mapped(
    files: Sequence[Location],
    columns: Sequence[str],
    *makes: Callable[[pl.DataFrame], pl.DataFrame],
) -> list[pl.DataFrame]:
    """What each of ``makes`` makes of all rows, in a file without a name, which goes when nobody
    reads it any more. ``columns``: what they need beside "row", "position" and ``DRAFT``."""
    folder, first = Path(tempfile.gettempdir()), 0
    with storing(folder), tempfile.TemporaryDirectory(prefix="crowdglot-", dir=folder) as own:
        writers: dict[str, Any] = {}
        for read in batches(files, (*DRAFT, *columns)):
            ordered = read.sort(*DRAFT, maintain_order=True).with_row_index("row", first)
            first += len(read)
            for make in makes:
                path, table = str(Path(own) / make.__name__), make(ordered).to_arrow()
                if path not in writers:
                    writers[path] = pa.ipc.new_file(path, table.schema)
                writers[path].write_table(table)
        for writer in writers.values():
            writer.close()
        tables = [pa.ipc.open_file(pa.memory_map(path)).read_all() for path in writers]
        return [cast(pl.DataFrame, pl.from_arrow(table, rechunk=False)) for table in tables]
