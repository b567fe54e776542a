"""The dataset's folder, local or at a URL: which recipe made it, and which process may write it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from uuid import uuid4

import tomli_w
from filelock import FileLock, Timeout

from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.files import clear_temporaries, storing, write_text
from crowdglot.datasets.storage.guarded import (
    check_folder,
    check_is_no_link,
    parsing,
    read_stored,
)
from crowdglot.datasets.storage.lease import LOCK, leased
from crowdglot.datasets.storage.location import Location, local_folder
from crowdglot.datasets.storage.remote import Remote
from crowdglot.datasets.withdrawals import stamp
from crowdglot.errors import StorageError
from crowdglot.strict_toml import parse_toml

RECIPE = "recipe.toml"
# The version of the columns, the journal and the names of shards. A dataset of another version is
# refused and not changed.
FORMAT = 3
_MOST_BYTES = 1 << 22  # of recipe.toml
_held: ContextVar[tuple[tuple[Location, Path], ...]] = ContextVar("held", default=())


@contextmanager
def locked(folder: Location) -> Iterator[None]:
    """Lock the folder for this process; StorageError if another one writes to it.

    Whoever holds it may lock it again: the command does before anything starts, and the run within.
    At a URL, a local lock excludes other processes of this working directory, and a lock object
    (see ``crowdglot.datasets.storage.lease``) all others.
    """
    here = local_folder(folder)
    if (folder, here.resolve()) in _held.get():
        yield
        return
    with storing(here):
        check_is_no_link(here.parent if isinstance(folder, Remote) else here / LOCK)
        here.mkdir(parents=True, exist_ok=True)
        files = check_folder(here)
        lock = FileLock(here / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise StorageError(
                f"{folder}: another process is writing this dataset; wait for it, or choose "
                "another output."
            ) from None
    mine = _held.set((*_held.get(), (folder, here.resolve())))
    try:
        clear_temporaries(files)
        if isinstance(folder, Remote):
            with leased(folder, _owner(folder)):
                stamp(folder)
                yield
        else:
            yield
    finally:
        _held.reset(mine)
        lock.release()


def _owner(folder: Remote) -> str:
    """A random name of this machine's working directory, drawn when ``folder`` is first written."""
    path = local_folder(folder) / "owner"
    with storing(path):
        if not path.exists():
            write_text(path, uuid4().hex)
        return path.read_text("utf-8")


def read_stored_recipe(folder: Location) -> dict[str, Any]:
    """The recipe that made the dataset in ``folder``, and under "identity" what its rows depend on.

    StorageError if there is no recipe, or it is damaged, or the dataset has another format.
    """
    path = folder / RECIPE
    try:
        with parsing(path, "restore it from a copy."):
            table = parse_toml(read_stored(path, _MOST_BYTES).decode("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise StorageError(
            f"{folder}: no dataset of crowdglot ({RECIPE} is missing); check the path."
        ) from None
    if table.pop("format", 1) != FORMAT:
        raise StorageError(
            f"{folder}: another version of crowdglot made this dataset, with files that this one "
            "does not read; finish it with that version (column crowdglot_version), or choose "
            "another output. Nothing in it was changed."
        )
    if not isinstance(table.get("identity", {}), dict):
        raise StorageError(f"{path}: damaged ('identity' is no table); restore it from a copy.")
    return table


def bind(folder: Location, recipe: Mapping[str, Any], identity: Mapping[str, Any]) -> None:
    """Write the recipe into a new folder, or check that it made the dataset in an old one.

    ``identity`` is the part of the recipe on which the rows depend, as flat "key": value pairs;
    the rest (where the engine runs, how many calls at a time) may change between runs. A folder
    whose run ended before the first answer counts as new. StorageError where another recipe made
    the dataset, or the folder holds other files.
    """
    if (folder / RECIPE).exists():
        try:
            check_binding(folder, identity)
        except StorageError:
            if not without_answers(folder):
                raise
            clear_journals(folder)
            store_recipe(folder, recipe, identity)
        return
    for name in (path.name for path in folder.glob("*")):
        if name not in ("journal", "pool") and not name.startswith(LOCK):  # a pool is written first
            raise StorageError(
                f"{folder}: holds '{name}' but no {RECIPE}; choose an output folder that is new "
                "or empty."
            )
    store_recipe(folder, recipe, identity)


def check_binding(folder: Location, identity: Mapping[str, Any]) -> None:
    """Raise StorageError unless a recipe with this ``identity`` made the dataset."""
    made_by = read_stored_recipe(folder).get("identity", {})
    changed = sorted(k for k in {*made_by, *identity} if made_by.get(k) != identity.get(k))
    if changed:
        key = changed[0]
        more = f" (and {len(changed) - 1} more)" if len(changed) > 1 else ""
        raise StorageError(
            f"{folder}: made by another recipe: '{key}'{more} was "
            f"{made_by.get(key)!r:.60} and is now {identity.get(key)!r:.60}; choose "
            "another output, or restore the recipe."
        )


def without_answers(folder: Location) -> bool:
    """Whether no completion is stored.

    For a dataset at a URL that is unknown, as there may be journals on other machines.
    """
    if isinstance(folder, Remote) or files_of(folder, "data") or files_of(folder, "rejected"):
        return False
    return not any(path.stat().st_size for path in (local_folder(folder) / "journal").glob("*/*"))


def clear_journals(folder: Location) -> None:
    """Delete the journals, which hold no answer, before the shards change."""
    for path in (local_folder(folder) / "journal").glob("*/*"):
        with storing(path):
            path.unlink()


def store_recipe(folder: Location, recipe: Mapping[str, Any], identity: Mapping[str, Any]) -> None:
    """Write ``recipe.toml``: the recipe, the format, and what the rows depend on."""
    write_text(
        folder / RECIPE, tomli_w.dumps({**recipe, "format": FORMAT, "identity": dict(identity)})
    )
