"""The search through the shards of one language, in the order of the plan.

The order in which shards were written does not matter. Memory holds the positions of all rows, some
50 bytes each, and the texts of a few shards.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice

import polars as pl

from crowdglot.datasets.duplicates.index import Index, Match
from crowdglot.datasets.duplicates.shingles import Shingles, shingles
from crowdglot.datasets.scan import FILE, batches
from crowdglot.datasets.shards import Shard, files_of, written
from crowdglot.datasets.storage.location import Location
from crowdglot.datasets.tables import read_table
from crowdglot.datasets.withdrawals import DUPLICATES, Withdrawal, turns_hash
from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.languages.language import Language
from crowdglot.languages.scripts import foreign_share

_SHINGLED = 1024  # dialogues whose shingles are kept in memory
_AT_ONCE = 256  # dialogues that are looked up together

Dialogue = tuple[str, Sequence[str]]  # id and turn texts


def find_duplicates(
    folder: Location,
    language: Language,
    shards: Sequence[Shard],
    *,
    least_similarity: float,
    least_repeated_turns: float,
    demonstrations: Sequence[Demonstration] = (),
    against: Sequence[Location] = (),
) -> Iterator[Withdrawal]:
    """All accepted rows of ``language`` that repeat an earlier one, in the order of the plan.

    ``shards``: those of this language. ``demonstrations``, and the datasets in the folders
    ``against``, were there before.
    """
    own = written(folder, shards)
    files = [path for other in against for path in files_of(other, "data", language.tag)]
    texts = list(_texts(demonstrations, language.script))
    first = FILE * (1 + len(files))
    known = _Known(folder, language.script, texts, files + [s.accepted(folder) for s in own])
    index = Index(least_similarity, least_repeated_turns, known.shingles)
    before = (rows["position"] + FILE for rows in batches(files, ["index"]))
    for keys in _batched(chain(range(len(texts)), *before)):
        index.put([(key, known.shingles(key)) for key in keys], always=True)
    rows = pl.concat(batches([shard.accepted(folder) for shard in own], ["index", "attempt"]))
    # Replacements have indices beyond the plan's end, so they come last.
    for some in rows.sort("index", "position").iter_slices(_AT_ONCE):
        keys = (some["position"] + first).to_list()
        matches = index.put([(key, known.shingles(key)) for key in keys])
        for match, key, number, attempt in zip(
            matches, keys, some["index"], some["attempt"], strict=True
        ):
            if match:
                yield Withdrawal(
                    language=language.tag,
                    shard=own[(key - first) // FILE].number,
                    index=number,
                    attempt=attempt,
                    turns=turns_hash(known.dialogue(key)[1]),
                    by=DUPLICATES,
                    reason=match.reason,
                    evidence=_evidence(match, known.dialogue(match.key)[0], known.dialogue(key)[1]),
                    score=round(match.share, 4),
                )


def _texts(demonstrations: Sequence[Demonstration], script: str) -> Iterator[Dialogue]:
    """The demonstrations, but for those in another script, which cannot be repeated."""
    for shown in demonstrations:
        texts = [turn.text for turn in shown.turns]
        if (foreign_share(" ".join(texts), script) or 0.0) <= 0.5:
            yield f"demonstration {shown.id}", texts


def _batched(keys: Iterator[int]) -> Iterator[list[int]]:
    while some := list(islice(keys, _AT_ONCE)):
        yield some


def _evidence(match: Match, name: str, turns: Sequence[str]) -> str:
    """``name``: of what is duplicated, first of all. ``turns``: of what duplicates it."""
    if match.reason == "repeated_turns":
        text = turns[match.turn - 1]
        return f"{name}: {match.share:.0%} of the turns, turn {match.turn}: {text}"[:200]
    return f"{name}: similarity {match.share:.2f}: {turns[0]}"[:200]


class _Known:
    """Dialogues by key, read when needed: below 2^32 ``texts``, then positions in ``files``."""

    def __init__(
        self, folder: Location, script: str, texts: Sequence[Dialogue], files: Sequence[Location]
    ) -> None:
        self._folder, self._script, self._texts, self._files = folder, script, texts, files
        self._read = lru_cache(maxsize=16)(self._read_file)
        self.shingles = lru_cache(maxsize=_SHINGLED)(self._shingles)

    def dialogue(self, key: int) -> Dialogue:
        """Of a row in another dataset the id has that dataset's name before it."""
        number, row = divmod(key, FILE)
        return self._read(number - 1)[row] if number else self._texts[row]

    def _read_file(self, number: int) -> list[Dialogue]:
        path = self._files[number]
        name = "" if self._folder in path.parents else f"{path.parents[2].name}:"
        rows = read_table(path, ["id", "turns"]).to_pylist()
        return [(name + row["id"], [turn["text"] for turn in row["turns"]]) for row in rows]

    def _shingles(self, key: int) -> Sequence[Shingles]:
        return shingles(self.dialogue(key)[1], self._script)
