"""Reading what lies in a dataset's folder, whoever made it: regular files of a bounded size.

A link could lead a reader or a writer out of the folder; a pipe has no end; a file may be made to
fill the memory.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crowdglot.datasets.storage.location import Location
from crowdglot.datasets.storage.remote import Remote
from crowdglot.errors import StorageError
from crowdglot.printable import one_line

# Where the files of a dataset lie that crowdglot reads and writes.
_PARTS = ("data", "rejected", "open", "journal", "damaged")
# For ``os.open``: a link is an error, and a pipe without a writer is not waited for.
GUARDED = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def check_regular(path: Location) -> None:
    """Raise StorageError where ``path`` is there and is a link, a pipe or another special file."""
    if isinstance(path, Remote):
        return
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise StorageError(
            f"{one_line(path)}: cannot be read ({error.strerror}); check the folder's permissions."
        ) from None
    if not stat.S_ISREG(mode):
        raise StorageError(_strange(path, mode))


def check_is_no_link(folder: Location) -> None:
    """Raise StorageError where a folder within a dataset is a link."""
    if isinstance(folder, Path) and folder.is_symlink():
        raise StorageError(_strange(folder, stat.S_IFLNK))


def read_stored(path: Location, most: int) -> bytes:
    """The whole of a file of at most ``most`` bytes; StorageError if it is larger or special.

    Raises OSError, such as FileNotFoundError, as any reading.
    """
    check_regular(path)
    if isinstance(path, Remote):
        content = path.read_bytes(most + 1)
    else:
        with path.open("rb") as file:
            content = file.read(most + 1)
    if len(content) > most:
        raise StorageError(
            f"{one_line(path)}: has more than the {most:,} bytes that are read; crowdglot did not "
            "write it, restore the file from a copy."
        )
    return content


@contextmanager
def parsing(path: Location, remedy: str) -> Iterator[None]:
    """Turn what reading and parsing ``path`` raises into StorageError; a missing file stays as it
    is. ``remedy``: for a file that is damaged."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be read ({error.strerror}); check the folder's permissions."
        ) from None
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        why = one_line(str(error) or type(error).__name__, 200)
        raise StorageError(f"{path}: damaged ({why}); {remedy}") from None


def check_folder(folder: Path) -> list[Path]:
    """Refuse links in a dataset's folder: StorageError. Gives the files that lie in its parts."""
    found = [path for path, mode in _entries(folder) if stat.S_ISREG(mode)]
    waiting = [folder / part for part in _PARTS]
    while waiting:
        for path, mode in _entries(waiting.pop()):
            if stat.S_ISDIR(mode):
                waiting.append(path)
            else:
                found.append(path)
    return found


def _entries(folder: Path) -> Iterator[tuple[Path, int]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_symlink():
                    raise StorageError(_strange(Path(entry.path), stat.S_IFLNK))
                kind = stat.S_IFDIR if entry.is_dir() else stat.S_IFREG
                yield Path(entry.path), kind
    except (FileNotFoundError, NotADirectoryError):
        return


def _strange(path: Path, mode: int) -> str:
    if stat.S_ISLNK(mode):
        return (
            f"{one_line(path)}: is a link, and a dataset's files must lie in its own folder; copy "
            "the folder with its links resolved (cp -rL), or delete the link."
        )
    return f"{one_line(path)}: is no regular file; crowdglot did not write it, move it away."
