"""Making a dataset larger: room in its last shards, and the names of a larger one for all files.

A shard's name tells how many there are, so it changes. First ``mark_room``, then the new recipe is
stored, then ``rename``: after a crash ``rename`` alone brings all names to what the recipe says,
and a mark that was set in vain only costs a look at that shard.
"""

import re
from collections.abc import Sequence

from crowdglot.datasets.shards import Shard, reopen
from crowdglot.datasets.storage.files import move, storing, write_text
from crowdglot.datasets.storage.location import Location, desk

_GROWING = "growing"
_NAME = re.compile(r"train-(\d+)-of-\d+")


def mark_room(folder: Location, before: Sequence[Shard], shards: Sequence[Shard]) -> None:
    """Note that the dataset grows, and mark what is written of shards that get more places."""
    write_text(folder / _GROWING, "")
    small = {(shard.language, shard.number): shard for shard in before}
    for shard in shards:
        old = small.get((shard.language, shard.number))
        if old is not None and old.size < shard.size and old.accepted(folder).exists():
            reopen(folder, shard)


def is_growing(folder: Location) -> bool:
    """Whether a run ended between ``mark_room`` and the end of ``rename``."""
    return (folder / _GROWING).exists()


def rename(folder: Location, shards: Sequence[Shard]) -> None:
    """Give every file of a shard, its mark and its journal the name of that shard in ``shards``."""
    # The rejected rows first: a shard whose accepted ones are there has both.
    for part in ("rejected", "data", "open"):
        _rename_in(folder / part, shards)
    rename_journals(folder, shards)
    with storing(folder):
        (folder / _GROWING).unlink(missing_ok=True)


def rename_journals(folder: Location, shards: Sequence[Shard]) -> None:
    """The same of the journals on this machine alone."""
    _rename_in(desk(folder) / "journal", shards)


def _rename_in(place: Location, shards: Sequence[Shard]) -> None:
    paths: list[Location] = [*place.glob("*/*")]
    if not paths:
        return
    names = {(shard.language, shard.number): shard.name for shard in shards}
    for path in sorted(paths, key=str):
        found = _NAME.fullmatch(path.stem)
        name = names.get((path.parent.name, int(found[1]))) if found else None
        if name is not None and name != path.stem:
            move(path, path.parent / f"{name}{path.suffix}")
