"""The accepted dialogues of a dataset one by one, each with the drafts it was kept over."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from crowdglot.datasets.scan import rows_of
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.location import Location
from crowdglot.datasets.told import as_told
from crowdglot.datasets.withdrawals import read_withdrawals
from crowdglot.draws import Draws

Row = Mapping[str, Any]
TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")
_ALONE = "rejected drafts of scenarios without an accepted dialogue"
_DRAFT = ("index", "attempt", "turns", "reason", "verdicts")
_COLUMNS = ("id", "language", "speech_event", "common_ground", "personas", "told", *_DRAFT)


@dataclass(frozen=True, slots=True)
class Told:
    """An accepted row, and the rejected rows of the same scenario where these were asked for."""

    row: Row
    rejected: Sequence[Row] = ()

    @property
    def split(self) -> str:
        """Of 20 scenarios one is in "test", one in "validation"; it depends on the id alone."""
        return {0: TEST, 1: VALIDATION}.get(Draws("export", str(self.row["id"])).below(20), TRAIN)


def read_told(
    folder: Location,
    noted: Counter[str],
    *,
    rejected: bool,
    thoughts: bool = False,
) -> Iterator[Told]:
    """All dialogues but those withdrawn since they were written, by language and number.

    ``noted`` counts what is left out, as is what the model was not told (see ``as_told``).
    ``thoughts``: whether turns have theirs under "thought". Both files of a shard are sorted by
    index, so that a few rows of each are in memory at a time. StorageError where a file is damaged.
    """
    withdrawals = read_withdrawals(folder)
    for path in files_of(folder, "data"):
        drafts = _drafts(folder, path) if rejected else iter(())
        waiting = next(drafts, None)
        for row in rows_of(path, (*_COLUMNS, "thoughts") if thoughts else _COLUMNS):
            if not _is_whole(row):
                noted["rows that do not hold a whole dialogue"] += 1
                continue
            texts = [turn["text"] for turn in row["turns"]]
            if withdrawals.verdicts(row["index"], row["attempt"], texts):
                noted["dialogues that were withdrawn"] += 1
                continue
            while waiting and waiting[0] < row["index"]:
                noted[_ALONE] += len(waiting[1])
                waiting = next(drafts, None)
            own = waiting[1] if waiting and waiting[0] == row["index"] else ()
            waiting = next(drafts, None) if own else waiting
            given, row = row["personas"], as_told(row)
            lost = sum(bool(person["facts"]) for person in given if person not in row["personas"])
            noted["personas that the model was not told"] += lost
            for thought in row.get("thoughts") or ():
                if thought and 0 < (thought["turn"] or 0) <= len(row["turns"]):
                    row["turns"][thought["turn"] - 1]["thought"] = thought["text"]
            yield Told(row, own)
        while waiting:
            noted[_ALONE] += len(waiting[1])
            waiting = next(drafts, None)


def _is_whole(row: Row) -> bool:
    """Whether a row holds what all of ours hold; others may have written it."""
    people, turns = row["personas"], row["turns"]
    named = all(one["name"] and one["id"] and all(one["facts"] or ()) for one in people)
    # In a control nobody has a persona; where only one of them lacks it, it was lost.
    alike = len({bool(one["facts"]) for one in people}) == 1
    return len(people) > 1 and bool(turns) and named and alike and are_said(turns, people)


def are_said(turns: Iterable[Row], people: Iterable[Row]) -> bool:
    """Whether each turn has a text and is said by one of ``people``."""
    known = {one["speaker"] for one in people}
    return all(turn["text"] and turn["speaker"] in known for turn in turns)


def _drafts(folder: Location, data: Location) -> Iterator[tuple[int, list[Row]]]:
    """The rejected rows of the shard whose accepted ones are in ``data``, by index."""
    path = folder / "rejected" / data.parents[0].name / data.name
    if path.exists():
        for index, rows in groupby(rows_of(path, _DRAFT), lambda row: int(row["index"])):
            yield index, list(rows)
