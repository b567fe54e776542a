"""The arms: what each has of every language, what it cost, and its dialogues as they are drawn."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowdglot.datasets.folder import read_stored_recipe
from crowdglot.datasets.funnel import Funnel, measure_funnel
from crowdglot.datasets.scan import batches, rows_at
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.location import Location
from crowdglot.dialogues.human import human_files, read_human
from crowdglot.errors import ConfigurationError
from crowdglot.printable import one_line

_OF_SCENARIO = ("index", "speech_event", "common_ground", "personas")
_DRAWN = (*_OF_SCENARIO, "language", "turns", "verdicts")
_MOST_NAME = 60

# A number for each dialogue: equal where the scenario is, and its place in the draw.
Keys = NDArray[np.uint64]
Rows = Sequence[Mapping[str, Any]]  # as the record has them; of people "turns" alone


@dataclass(frozen=True, slots=True)
class Arm:
    """``name``: short, and no other arm's. ``keys``: of each language those of its dialogues.
    ``read``: the rows with these numbers in a language, which ascend. ``funnel``: None of people.
    ``calls``: to models, for all drafts.
    """

    name: str
    source: str
    keys: Mapping[str, Keys]
    read: Callable[[str, Sequence[int]], Rows] = field(repr=False)
    funnel: Funnel | None = None
    calls: int = 0


def open_arms(folders: Sequence[Location], human: Path | None, seed: int) -> list[Arm]:
    """The arms in the order given, people last.

    ConfigurationError where there are fewer than two, or one folder stands twice; StorageError
    where one is no dataset, or damaged; MaterialError where people's dialogues cannot be read.
    """
    where = [str(folder.resolve()) for folder in folders]
    if twice := next((at for at, one in enumerate(where) if one in where[:at]), 0):
        raise ConfigurationError(
            f"{one_line(folders[twice])}: named twice; a dataset does not differ from itself: name "
            "each folder once."
        )
    if len(folders) + bool(human) < 2:
        raise ConfigurationError(
            "compare: one dataset alone is compared with nothing; name a second one, or give "
            "--human."
        )
    names = _names(folders)
    arms = [_of_dataset(folder, name, seed) for folder, name in zip(folders, names, strict=True)]
    if human is not None:
        tags = sorted({tag for arm in arms for tag in arm.keys})
        arms.append(_of_people(human, tags, seed, "human" if "human" not in names else "people"))
    return arms


def _names(folders: Sequence[Location]) -> list[str]:
    """Of each folder as many of its last parts as tell it from the others."""
    parts = [str(folder.resolve()).rstrip("/").split("/") for folder in folders]
    for depth in range(1, 4):
        names = [one_line("/".join(own[-depth:]), _MOST_NAME) for own in parts]
        if len(set(names)) == len(names):
            return names
    return [f"{number}: {name}" for number, name in enumerate(names, 1)]


def _of_dataset(folder: Location, name: str, seed: int) -> Arm:
    read_stored_recipe(folder)  # whether it is a dataset at all
    tags = sorted({path.parents[0].name for path in files_of(folder, "data")})
    keys = {tag: _keys(files_of(folder, "data", tag), tag, seed) for tag in tags}

    def read(tag: str, numbers: Sequence[int]) -> Rows:
        files = files_of(folder, "data", tag)
        return rows_at(files, _positions(files, numbers), _DRAWN).to_dicts()

    funnel = measure_funnel(folder)
    there = {tag: own for tag, own in keys.items() if len(own)}
    return Arm(name, str(folder), there, read, funnel, _calls(folder))


def _keys(files: Sequence[Location], tag: str, seed: int) -> Keys:
    parts = [np.empty(0, np.uint64)]
    for rows in batches(files, _OF_SCENARIO):
        told = (_scenario(tag, row) for row in rows.iter_rows(named=True))
        parts.append(np.array([_number(seed, one) for one in told], np.uint64))
    return np.concatenate(parts)


def _scenario(tag: str, row: Mapping[str, Any]) -> str:
    """All that two rows of one scenario agree on, whatever the prompt told of it."""
    people = [one["id"] for one in row["personas"] or ()]
    ground = row["common_ground"] or {}
    return repr((tag, row["index"], row["speech_event"], people, ground.get("premise")))


def _number(seed: int, told: str) -> int:
    told = f"{seed}\x1f{told}"
    digest = blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _positions(files: Sequence[Location], numbers: Sequence[int]) -> Iterator[int]:
    """The positions (see ``scan``) of rows by their number among all, ascending."""
    wanted, before = iter(numbers), 0
    number = next(wanted, None)
    for rows in batches(files, ("index",)):
        while number is not None and number < before + len(rows):
            yield int(rows["position"][number - before])
            number = next(wanted, None)
        before += len(rows)


def _calls(folder: Location) -> int:
    files = [path for part in ("data", "rejected") for path in files_of(folder, part)]
    return sum(int(rows["calls"].list.len().sum()) for rows in batches(files, ("calls",)))


def _of_people(source: Path, tags: Sequence[str], seed: int, name: str) -> Arm:
    """People's dialogues in these languages; "pt-BR" takes "pt" where there is no other."""
    human_files(source)
    read_in = read_human(source, tags)
    said = {tag: read_in.get(tag) or read_in.get(tag.split("-")[0]) or [] for tag in tags}
    keys = {
        tag: np.array([_number(seed, f"people {tag} {at}") for at in range(len(own))], np.uint64)
        for tag, own in said.items()
        if own
    }

    def read(tag: str, numbers: Sequence[int]) -> Rows:
        return [{"turns": [{"text": text} for text in said[tag][at]]} for at in numbers]

    return Arm(name, str(source), keys, read)
