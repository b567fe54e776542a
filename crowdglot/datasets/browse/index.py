"""What is looked for in a dataset: a few columns of all rows, in a file that is mapped into memory.

So the system may take the memory back, however many rows there are. A text is found wherever its
letters stand, as in languages that put no blanks between words; case, width, vowel signs and
joiners do not count. Each blank-separated part must be found; "quotes" keep a phrase together.
"""

import re
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import polars as pl
import pyarrow as pa

from crowdglot.datasets.scan import FILE, quick_batches
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.files import storing
from crowdglot.datasets.storage.location import Location
from crowdglot.datasets.withdrawals import read_withdrawals

VERDICTS = ("accepted", "rejected", "surplus", "withdrawn")
_COLUMNS = (
    "id", "language", "speech_event", "index", "attempt", "reason", "turns", "common_ground",
    "verdicts",
)  # fmt: skip
_OPENING = 120  # characters of the first turn, in the list
_PART = re.compile(r'"([^"]+)"|(\S+)')
_ALIKE = {"ß": "ss", "ς": "σ", "i\u0307": "i", "ـ": ""}
# Soft hyphens, joiners, and the vowel signs that Arabic and Hebrew are mostly written without.
_DROPPED = [0xAD, *range(0x200B, 0x2010), 0xFEFF, *range(0x64B, 0x653), *range(0x591, 0x5BE)]
_DROPPED += [0x5BF, 0x5C1, 0x5C2, 0x5C7]
_FOLDS = _ALIKE | {chr(code): "" for code in _DROPPED}
_DRAFT = ["language", "index", "attempt"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; "" and None stand for anything.

    ``verdict``: one of ``VERDICTS``. ``said``: "passed" or "rejected", by ``critic``; ``least`` and
    ``most``: the range of its score. ``rater`` and ``rated``: only those that this one has rated
    ("yes") or has not ("no").
    """

    language: str = ""
    event: str = ""
    verdict: str = ""
    critic: str = ""
    said: str = ""
    least: float | None = None
    most: float | None = None
    text: str = ""
    rater: str = ""
    rated: str = ""


class Index:
    """The rows of ``folder`` as they were when it was made; StorageError names a damaged file.

    ``rows``: "row" (its number here), "position" (see ``scan``), "accepted", and what ``_DRAFT``
    and the list need. ``verdicts``: "row", "critic", "rejects", "score".
    """

    def __init__(self, folder: Location) -> None:
        self.folder = folder
        self.files = _in_order(folder)
        self.state = _state(self.files)
        self.rows, self.verdicts = _mapped(self.files)

    def is_current(self) -> bool:
        """Whether the files are those that were read."""
        return _state(_in_order(self.folder)) == self.state

    def choices(self) -> dict[str, Any]:
        """What can be filtered by, each with how many rows it has; of a critic its scores too."""
        scores = self.verdicts.group_by("critic").agg(
            pl.len(), pl.min("score").alias("least"), pl.max("score").alias("most")
        )
        languages, events = (
            dict(self.rows.group_by(name).len().sort(name).iter_rows())
            for name in ("language", "speech_event")
        )
        return {
            "language": languages,
            "event": events,
            "critic": scores.sort("critic").to_dicts(),
            "rows": len(self.rows),
        }

    def find(self, wanted: Wanted, rated: pl.DataFrame) -> pl.Series:
        """The numbers of the rows that are wanted. ``rated``: those of ``wanted.rater``, as
        ``_DRAFT`` names them."""
        rows = self.rows.lazy()
        if wanted.critic:
            rows = rows.join(self._judged(wanted), on="row", how="semi")
        if wanted.language:
            rows = rows.filter(pl.col("language") == wanted.language)
        if wanted.event:
            rows = rows.filter(pl.col("speech_event") == wanted.event)
        if wanted.verdict == "withdrawn":
            rows = rows.join(self.withdrawn().lazy(), on="row", how="semi")
        elif wanted.verdict:
            rows = rows.filter(_verdict() == wanted.verdict)
            rows = rows.join(self.withdrawn().lazy(), on="row", how="anti")
        if wanted.rated:
            how: Any = "semi" if wanted.rated == "yes" else "anti"
            rows = rows.join(rated.lazy(), on=_DRAFT, how=how, maintain_order="left")
        for part in parts(wanted.text):
            rows = rows.filter(pl.col("text").str.contains(part, literal=True))
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
        told = {name: [getattr(one, name) for one in every] for name in (*_DRAFT, "by")}
        kinds = {"language": pl.String, "index": pl.Int64, "attempt": pl.Int64, "by": pl.String}
        named = pl.DataFrame(told, schema=kinds).unique(_DRAFT)
        here = self.rows.lazy().filter("accepted").select("row", *_DRAFT)
        return here.join(named.lazy(), on=_DRAFT).select("row", "by").collect()

    def shards_of(self, drafts: Collection[tuple[str, int, int]]) -> dict[Any, int]:
        """Of the accepted rows among these drafts the number of their shard."""
        kinds = {"language": pl.String, "index": pl.Int64, "attempt": pl.Int64}
        named = pl.DataFrame([*drafts], kinds, orient="row")
        here = self.rows.lazy().filter("accepted").select("position", *_DRAFT)
        found = here.join(named.lazy(), on=_DRAFT).select(*_DRAFT, "position").collect()
        return {row[:3]: _number(self.files[row[3] // FILE].name) for row in found.rows()}

    def listed(self, numbers: pl.Series) -> list[dict[str, Any]]:
        """What the list shows of these rows."""
        shown = self.rows[numbers.to_list()].with_columns(verdict=_verdict())
        named = ("row", "id", "language", "speech_event", "attempt", "verdict", "reason", "opening")
        return shown.select(named).to_dicts()

    def candidates(self, row: int) -> list[int]:
        """The numbers of all rows of its scenario, the accepted one first."""
        own = self.rows.row(row, named=True)
        same = (pl.col("index") == own["index"]) & (pl.col("language") == own["language"])
        chosen = self.rows.lazy().filter(same).sort("accepted", "attempt", descending=[True, False])
        return chosen.select("row").collect()["row"].to_list()


def parts(text: str) -> list[str]:
    """The parts of a search that must all be found, folded as the texts are."""
    found = [quoted or word for quoted, word in _PART.findall(text)]
    folded = pl.DataFrame({"text": found}, schema={"text": pl.String}).select(_folded("text"))
    return [part for part in folded["text"] if part]


def _number(name: str) -> int:
    """The shard's number in the name of its file; -1 where there is none."""
    found = re.match(r"train-(\d+)", name)
    return int(found[1]) if found else -1


def _verdict() -> pl.Expr:
    surplus = pl.when(pl.col("reason") == "surplus").then(pl.lit("surplus"))
    return pl.when("accepted").then(pl.lit("accepted")).otherwise(
        surplus.otherwise(pl.lit("rejected"))
    )  # fmt: skip


def _folded(column: str) -> pl.Expr:
    lower = pl.col(column).str.normalize("NFKC").str.to_lowercase()
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


def _mapped(files: Sequence[Location]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both frames, from files without a name that go when nobody reads them any more."""
    folder = Path(tempfile.gettempdir())
    with storing(folder), tempfile.TemporaryDirectory(prefix="crowdglot-", dir=folder) as own:
        paths = [Path(own) / name for name in ("rows", "verdicts")]
        writers: list[Any] = []
        for pair in _pairs(files):
            tables = [frame.to_arrow() for frame in pair]
            if not writers:
                writers = [
                    pa.ipc.new_file(path, table.schema)
                    for path, table in zip(paths, tables, strict=True)
                ]
            for writer, table in zip(writers, tables, strict=True):
                writer.write_table(table)
        for writer in writers:
            writer.close()
        rows, verdicts = (_frame(path) for path in paths)
        return rows, verdicts


def _frame(path: Path) -> pl.DataFrame:
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    return cast(pl.DataFrame, pl.from_arrow(table, rechunk=False))


def _pairs(files: Sequence[Location]) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    accepted = pl.Series([path.parents[1].name == "data" for path in files], dtype=pl.Boolean)
    first = 0
    for read in quick_batches(files, _COLUMNS):
        read = read.sort("language", "index", "attempt").with_row_index("row", first)
        first += len(read)
        said = pl.col("turns").list.eval(pl.element().struct.field("text"))
        rows = read.select(
            "row", "position", *_DRAFT, "id", "speech_event", "reason",
            accepted=accepted.gather(read["position"] // FILE),
            opening=said.list.first().fill_null("").str.slice(0, _OPENING),
            text=pl.concat_str(
                "id", pl.col("common_ground").struct.field("premise"), said.list.join("\n"),
                separator="\n",
            ),
        ).with_columns(_folded("text"))  # fmt: skip
        told = read.select("row", "verdicts").explode("verdicts", empty_as_null=False)
        field = pl.col("verdicts").struct.field
        verdicts = told.select(
            "row", field("critic"), rejects=field("reason").is_not_null(),
            score=field("score").cast(pl.Float32),
        )  # fmt: skip
        yield rows, verdicts
