"""The dataset's folder, local or at a URL: who made it, and that only one process writes to it."""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import tomli_w
from filelock import FileLock, Timeout

from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.files import storing, write_text
from crowdglot.datasets.storage.lease import LOCK, leased
from crowdglot.datasets.storage.location import Location, desk
from crowdglot.datasets.storage.remote import Remote
from crowdglot.datasets.withdrawals import stamp
from crowdglot.errors import StorageError

RECIPE = "recipe.toml"
# Of the files in the folder: the columns, the journal and the names of shards. A dataset of another
# format is told so and left as it is.
FORMAT = 2


@contextmanager
def locked(folder: Location) -> Iterator[None]:
    """Hold the folder for this process; StorageError if another one writes to it.

    At a URL, a local lock keeps the processes apart that start in one working directory, and a
    lock object (see ``crowdglot.datasets.storage.lease``) all others.
    """
    here = desk(folder)
    with storing(here):
        here.mkdir(parents=True, exist_ok=True)
        lock = FileLock(here / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise StorageError(
                f"{folder}: another process is writing this dataset; wait for it, or choose "
                "another output."
            ) from None
    try:
        if isinstance(folder, Remote):
            with leased(folder, _seat(folder)):
                stamp(folder)
                yield
        else:
            yield
    finally:
        lock.release()


def _seat(folder: Remote) -> str:
    """A name of this machine's working directory, made up when ``folder`` is first written."""
    path = desk(folder) / "seat"
    with storing(path):
        if not path.exists():
            write_text(path, uuid4().hex)
        return path.read_text("utf-8")


def read_stored_recipe(folder: Location) -> dict[str, Any]:
    """The recipe that made the dataset in ``folder``, and under "identity" what its rows depend on.

    StorageError if there is none, or if the dataset has another format.
    """
    path = folder / RECIPE
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise StorageError(
            f"{folder}: no dataset of crowdglot ({RECIPE} is missing); check the path."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StorageError(f"{path}: damaged ({error}); restore it from a copy.") from None
    if table.pop("format", 1) != FORMAT:
        raise StorageError(
            f"{folder}: another version of crowdglot made this dataset, with files that this one "
            "does not read; finish it with that version (column crowdglot_version), or choose "
            "another output. Nothing in it was changed."
        )
    return table


def bind(folder: Location, recipe: Mapping[str, Any], identity: Mapping[str, Any]) -> None:
    """Bind the folder to the recipe: write it into a new one, check it against that of an old one.

    ``identity`` is the part of the recipe on which the rows depend, as flat "key": value pairs;
    the rest (where the engine runs, how many calls at a time) may change between runs. A folder
    whose run ended before the first answer is as good as new.
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
    # A crash while the recipe was written leaves its temporary file, and nothing else is there yet.
    own = ("journal", f"{RECIPE}.tmp")
    names = (path.name for path in folder.glob("*"))
    strangers = [name for name in names if name not in own and not name.startswith(LOCK)]
    if strangers:
        raise StorageError(
            f"{folder}: holds '{strangers[0]}' but no {RECIPE}; choose an output folder that "
            "is new or empty."
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
            f"{_short(made_by.get(key))} and is now {_short(identity.get(key))}; choose "
            "another output, or restore the recipe."
        )


def without_answers(folder: Location) -> bool:
    """Whether no completion is stored.

    Of a dataset at a URL nobody knows: journals may lie on other machines.
    """
    if (
        isinstance(folder, Remote)
        or any(files_of(folder, "data"))
        or any(files_of(folder, "rejected"))
    ):
        return False
    return not any(path.stat().st_size for path in (desk(folder) / "journal").glob("*/*"))


def clear_journals(folder: Location) -> None:
    """Take away journals that hold nothing, where their shards will be others."""
    for path in (desk(folder) / "journal").glob("*/*"):
        with storing(path):
            path.unlink()


def store_recipe(folder: Location, recipe: Mapping[str, Any], identity: Mapping[str, Any]) -> None:
    """Write ``recipe.toml``: the recipe, the format, and what the rows depend on."""
    write_text(
        folder / RECIPE, tomli_w.dumps({**recipe, "format": FORMAT, "identity": dict(identity)})
    )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
