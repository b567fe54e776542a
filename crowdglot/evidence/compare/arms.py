"""The arms: what each has of every language, what it cost, and its dialogues as they are drawn."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crowdglot.datasets.folder import read_stored_recipe
from crowdglot.datasets.funnel import Funnel, measure_funnel
from crowdglot.datasets.scan import batches
from crowdglot.datasets.storage.location import Location
from crowdglot.errors import ConfigurationError
from crowdglot.evidence.sources import Dataset, People, Row
from crowdglot.printable import one_line

_OF_SCENARIO = ("index", "speech_event", "common_ground", "personas")
_DRAWN = (*_OF_SCENARIO, "language", "turns", "verdicts")
_MOST_NAME = 60

# A number for each dialogue: equal where the scenario is, and its place in the draw.
Keys = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Arm:
    """``name``: short, and no other arm's. ``keys``: of each language those of its dialogues.
    ``read``: the rows with these numbers in a language, which ascend. ``funnel``: None of people.
    ``calls``: to models, for all drafts.
    """

    name: str
    source: str
    keys: Mapping[str, Keys]
    read: Callable[[str, Sequence[int]], Sequence[Row]] = field(repr=False)
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
    dataset = Dataset(name, folder)
    tags = {path.parents[0].name for path in dataset.files()}
    found = {tag: _keys(dataset.files(tag), tag, seed) for tag in sorted(tags)}

    def read(tag: str, numbers: Sequence[int]) -> Sequence[Row]:
        return dataset.rows(tag, found[tag][1][numbers].tolist(), _DRAWN)

    keys = {tag: own for tag, (own, _) in found.items() if len(own)}
    return Arm(name, str(folder), keys, read, measure_funnel(folder), _calls(folder))


def _keys(files: Sequence[Location], tag: str, seed: int) -> tuple[Keys, NDArray[np.int64]]:
    """The keys of all rows, and their positions."""
    keys, positions = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for rows in batches(files, _OF_SCENARIO):
        told = (_scenario(tag, row) for row in rows.iter_rows(named=True))
        keys.append(np.array([_number(seed, one) for one in told], np.uint64))
        positions.append(rows["position"].to_numpy())
    return np.concatenate(keys), np.concatenate(positions)


def _scenario(tag: str, row: Row) -> str:
    """All that two rows of one scenario agree on, whatever the prompt told of it."""
    people = [one["id"] for one in row["personas"] or ()]
    ground = row["common_ground"] or {}
    return repr((tag, row["index"], row["speech_event"], people, ground.get("premise")))


def _number(seed: int, told: str) -> int:
    told = f"{seed}\x1f{told}"
    digest = blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _calls(folder: Location) -> int:
    files = Dataset("", folder, ("data", "rejected")).files()
    return sum(int(rows["calls"].list.len().sum()) for rows in batches(files, ("calls",)))


def _of_people(source: Path, tags: Sequence[str], seed: int, name: str) -> Arm:
    """People's dialogues in these languages; "pt-BR" takes "pt" where there is no other."""
    people = People(source)
    said = {tag: people.every(tag) or people.every(tag.split("-")[0]) for tag in tags}
    keys = {
        tag: np.array([_number(seed, f"people {tag} {at}") for at in range(len(own))], np.uint64)
        for tag, own in said.items()
        if own
    }
    return Arm(name, str(source), keys, lambda tag, numbers: [said[tag][at] for at in numbers])
