"""Which process fills which shard, where several processes share a dataset's folder.

A scheduler that has lost sight of a worker gives its shards to another one, though the first may
still be at work. So a process locks what it fills: byte ``rank`` of one file. The kernel, or the
server of a shared disk, frees what a process held when it dies.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from crowdglot.datasets.shards import Shard
from crowdglot.datasets.storage.files import storing
from crowdglot.datasets.storage.guarded import GUARDED
from crowdglot.errors import StorageError

LOCKS = ".shard-locks"
_TAKEN = (BlockingIOError, PermissionError)  # EAGAIN or EACCES, as POSIX leaves it to the system


class ShardLocks:
    """The shards of a dataset that this process has locked, until the end.

    ``folder``: the dataset's ``local_folder``.

    One at a time in a process: closing a file frees all that the process holds of it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCKS
        self._file = -1

    def take(self, shards: Sequence[Shard]) -> list[Shard]:
        """Those of ``shards`` that no other process holds; they are this one's from now on."""
        return [shard for shard in shards if self._take(1, shard.rank)]

    def _take(self, length: int, start: int) -> bool:
        with storing(self._path):
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
            except _TAKEN:
                return False
        return True

    def alone(self) -> bool:
        """Whether no other process holds any shard."""
        return self._take(0, 0)  # a length of 0 reaches to the end, however far that is

    def __enter__(self) -> Self:
        with storing(self._path):
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | GUARDED, 0o644)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)


def check_no_workers(folder: Path) -> None:
    """Raise StorageError while workers of an earlier run are still filling shards here."""
    with keeping_workers_out(folder):
        pass


@contextmanager
def keeping_workers_out(folder: Path) -> Iterator[None]:
    """Keep all workers out of this folder; StorageError where one of an earlier run is in it."""
    if not (folder / LOCKS).exists():
        yield
        return
    with ShardLocks(folder) as locks:
        if not locks.alone():
            raise StorageError(
                f"{folder}: workers of an earlier run are still writing shards; wait until they "
                "are done, or end them, then run the same command again."
            )
        yield
