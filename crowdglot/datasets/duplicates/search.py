"""Going through the shards of one language in the order of the plan, whatever order they were
written in. In memory are some 70 bytes a row for its place, and a few
shards.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from crowdglot.datasets.duplicates.index import Index, Match
from crowdglot.datasets.duplicates.shingles import Shingles, shingles
from crowdglot.datasets.shards import Shard, files_of, read_table, written
from crowdglot.datasets.storage.location import Location, for_each
from crowdglot.datasets.withdrawals import Withdrawal, turns_hash
from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.languages.language import Language
from crowdglot.languages.scripts import foreign_share

_OPEN_SHARDS = 16
_READ_AT_ONCE = 64
_SHINGLED = 1024  # dialogues whose shingles are kept at hand
_AT_ONCE = 256  # dialogues that are looked up together

Each = TypeVar("Each")


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was there before the dataset: demonstrations, and folders of other datasets."""

    demonstrations: Sequence[Demonstration] = ()
    folders: Sequence[Location] = ()


def find_duplicates(
    folder: Location,
    language: Language,
    shards: Sequence[Shard],
    *,
    least_similarity: float,
    least_repeated_turns: float,
    earlier: Earlier,
) -> Iterator[Withdrawal]:
    """All accepted rows of ``language`` that repeat an earlier one, in the order of the plan.

    ``shards``: those of this language.
    """
    shelf = _Shelf(language.script)
    index = Index(least_similarity, least_repeated_turns, shelf.shingles)
    for some in _batched(_earlier_keys(shelf, language, earlier)):
        index.put([(key, shelf.shingles(key)) for key in some], always=True)
    for rows in _batched(_in_order(folder, shards)):
        keys = [shelf.add_row(shard.accepted(folder), row) for shard, row, _, _ in rows]
        matches = index.put([(key, shelf.shingles(key)) for key in keys])
        for match, key, (shard, _, number, attempt) in zip(matches, keys, rows, strict=True):
            if match:
                yield Withdrawal(
                    language=language.tag,
                    shard=shard.number,
                    index=number,
                    attempt=attempt,
                    turns=turns_hash(turn["text"] for turn in shelf.row(key)["turns"]),
                    by="duplicates",
                    reason=match.reason,
                    evidence=_evidence(match, shelf, key, folder),
                    score=round(match.share, 4),
                )


def _batched(them: Iterable[Each]) -> Iterator[list[Each]]:
    remaining = iter(them)
    while some := list(islice(remaining, _AT_ONCE)):
        yield some


def _earlier_keys(shelf: "_Shelf", language: Language, earlier: Earlier) -> Iterator[int]:
    for shown in earlier.demonstrations:
        texts = [turn.text for turn in shown.turns]
        if (foreign_share(" ".join(texts), language.script) or 0.0) > 0.5:
            continue  # in another script there is nothing to share
        yield shelf.add_text(f"demonstration {shown.id}", texts)
    for dataset in earlier.folders:
        for path in files_of(dataset, "data", language.tag):
            for row in range(read_table(path, ["index"]).num_rows):
                yield shelf.add_row(path, row)


def _in_order(folder: Location, shards: Sequence[Shard]) -> Iterator[tuple[Shard, int, int, int]]:
    """(shard, row within it, index, attempt) of all accepted rows, by index.

    Replacements have indices from beyond the plan's end, so they come last.
    """
    numbers, attempts, places = array("q"), array("i"), array("q")
    there = written(folder, shards)
    for start in range(0, len(there), _READ_AT_ONCE):
        paths = [shard.accepted(folder) for shard in there[start : start + _READ_AT_ONCE]]
        tables = for_each(lambda path: read_table(path, ["index", "attempt"]), paths)
        for position, table in enumerate(tables, start):
            numbers.extend(table["index"].to_pylist())
            attempts.extend(table["attempt"].to_pylist())
            places.extend((position << 32) + row for row in range(table.num_rows))
    for at in sorted(range(len(numbers)), key=numbers.__getitem__):
        position, row = divmod(places[at], 1 << 32)
        yield there[position], row, numbers[at], attempts[at]


def _evidence(match: Match, shelf: "_Shelf", key: int, folder: Location) -> str:
    """The id of what is duplicated, first of all."""
    name = shelf.name(match.key, folder)
    turns = shelf.row(key)["turns"]
    if match.reason == "repeated_turns":
        text = turns[match.turn - 1]["text"]
        return f"{name}: {match.share:.0%} of the turns, turn {match.turn}: {text}"[:200]
    return f"{name}: similarity {match.share:.2f}: {turns[0]['text']}"[:200]


class _Shelf:
    """The texts behind the index's keys, read from disk when they are wanted."""

    def __init__(self, script: str) -> None:
        self._script = script
        self._texts: list[tuple[str, Sequence[str]]] = []
        self._paths: list[Location] = []
        self._numbers: dict[Location, int] = {}
        self._places = array("q")  # path << 32 | row, or -1 - position in texts
        self._rows = lru_cache(maxsize=_OPEN_SHARDS)(_read_rows)
        self.shingles = lru_cache(maxsize=_SHINGLED)(self._shingles)

    def add_text(self, name: str, turns: Sequence[str]) -> int:
        """The key of a text that stays in memory."""
        self._texts.append((name, turns))
        self._places.append(-len(self._texts))
        return len(self._places) - 1

    def add_row(self, path: Location, row: int) -> int:
        """The key of a row of a shard."""
        number = self._numbers.setdefault(path, len(self._paths))
        if number == len(self._paths):
            self._paths.append(path)
        self._places.append((number << 32) + row)
        return len(self._places) - 1

    def row(self, key: int) -> dict[str, Any]:
        """Columns "id" and "turns" of a row."""
        number, row = divmod(self._places[key], 1 << 32)
        found: dict[str, Any] = self._rows(self._paths[number])[row]
        return found

    def name(self, key: int, folder: Location) -> str:
        """The id of a text; of a row in another dataset with that dataset's name before it."""
        if (place := self._places[key]) < 0:
            return self._texts[-place - 1][0]
        path = self._paths[place >> 32]
        name = str(self.row(key)["id"])
        return name if folder in path.parents else f"{path.parents[2].name}:{name}"

    def _shingles(self, key: int) -> Sequence[Shingles]:
        if (place := self._places[key]) < 0:
            turns = self._texts[-place - 1][1]
        else:
            turns = [turn["text"] for turn in self.row(key)["turns"]]
        return shingles(turns, self._script)


def _read_rows(path: Location) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_table(path, ["id", "turns"]).to_pylist()
    return rows
