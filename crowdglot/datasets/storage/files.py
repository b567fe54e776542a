"""Writing that survives a crash: a file is there whole, or not at all.

A local file is written under a temporary name in its folder, synced to the disk and renamed. A file
at a URL is written to a local temporary file, which is put there as one object.
"""

import errno
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from crowdglot.datasets.storage.guarded import GUARDED
from crowdglot.datasets.storage.lease import check_lease
from crowdglot.datasets.storage.location import Location
from crowdglot.datasets.storage.remote import Remote
from crowdglot.errors import StorageError
from crowdglot.printable import whole

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{16}\.tmp")


@contextmanager
def storing(path: Location) -> Iterator[None]:
    """Turn the system's errors while writing ``path`` into one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(
                f"{path}: the disk is full; make room and run the same command again, "
                "all that was written before is kept."
            ) from None
        raise StorageError(
            f"{path}: cannot be written ({error.strerror or error}); check the folder's "
            "permissions, then run the same command again."
        ) from None


@contextmanager
def replacing(path: Location) -> Iterator[Path]:
    """Give a temporary path to write, which replaces ``path`` at the end.

    A reader, or a rerun after a crash, sees the old file or the new one. On an error the
    temporary file is removed and ``path`` is as before. At a URL, StorageError where the lock of
    the dataset is lost.
    """
    if isinstance(path, Remote):
        folder = Path(tempfile.gettempdir())
        with storing(folder), tempfile.TemporaryDirectory(prefix="crowdglot-", dir=folder) as own:
            temporary = Path(own) / path.name
            yield temporary
            check_lease(path)
            path.put(temporary)
        return
    # Nobody can have put a link under a name that is drawn now.
    temporary = path.with_name(f".{path.name}.{token_hex(8)}.tmp")
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | GUARDED, 0o666))
            yield temporary
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
            handle = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(handle)  # so that the rename survives a power cut
            finally:
                os.close(handle)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def clear_temporaries(paths: Iterable[Path]) -> None:
    """Delete those of ``paths`` that a process which was killed left half written."""
    for path in paths:
        if _TEMPORARY.fullmatch(path.name):
            with storing(path):
                path.unlink(missing_ok=True)


def move(path: Location, target: Location) -> None:
    """Move a file within a dataset; the folder of ``target`` is made."""
    with storing(path):
        if isinstance(path, Remote) and isinstance(target, Remote):
            check_lease(path)
            target.put(path.read_bytes())
            path.unlink()
        elif isinstance(path, Path) and isinstance(target, Path):
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)


def write_text(path: Location, text: str) -> None:
    """Replace ``path`` by ``text`` in one step."""
    with replacing(path) as temporary:
        temporary.write_text(text, "utf-8")


def write_json(path: Location, value: object) -> None:
    """Replace ``path`` by a value as JSON that a person can read."""
    write_text(path, whole(json.dumps(value, ensure_ascii=False, indent=1)) + "\n")
