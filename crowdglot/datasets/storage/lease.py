"""The lock of a dataset at a URL: an object that says who writes, renewed while the run lasts.

A put names the lock that it replaces, and the store refuses it if another machine was faster: of
all that begin at once, one writes. A lock that was not renewed for ten minutes, by the store's own
clock, may be replaced; whoever had it is refused at the next renewal, and writes nothing more.
"""

import os
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from typing import Any
from uuid import uuid4

from crowdglot.datasets.storage.remote import Remote
from crowdglot.errors import StorageError

LOCK = ".lock"
_RENEW_SECONDS, _EXPIRE_SECONDS = 60.0, 600.0
_OTHER = {"e_tag": '"never a lock"', "version": "0"}
_held: list["_Lease"] = []


@contextmanager
def leased(folder: Remote, owner: str) -> Iterator[None]:
    """Hold the lock of ``folder``; StorageError if another machine has it.

    ``owner``: names this machine's working directory. Only one process at a time may use it, so a
    lock of the same owner was left by a killed process, and is taken at once.
    """
    lease, over = _Lease(folder, owner), Event()
    lease.take()
    _held.append(lease)
    keeper = Thread(target=lease.keep, args=(over,), name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()
        _held.remove(lease)
        if lease.renew():  # so nobody else takes it before it is deleted
            lease.path.unlink()


def check_lease(path: Remote) -> None:
    """Raise StorageError if ``path`` lies in a folder whose lock this process has lost."""
    for lease in tuple(_held):
        if lease.folder in path.parents:
            if time.time() - lease.renewed > 2 * _RENEW_SECONDS:  # this machine was asleep
                lease.renew()
            if lease.lost:
                raise StorageError(lease.lost)


class _Lease:
    """The lock object of one folder. ``lost``: why it is no longer ours, or empty."""

    def __init__(self, folder: Remote, owner: str) -> None:
        self.folder, self.path, self.lost, self.renewed = folder, folder / LOCK, "", 0.0
        self._owner, self._token = owner, uuid4().hex
        self._seen: Mapping[str, Any] | None = None  # the lock that our next put replaces
        self._turn = Lock()

    def take(self) -> None:
        """Make the lock ours; StorageError if another machine has it."""
        self._look()
        if not self.renew():  # another machine was faster
            raise StorageError(self.lost)
        if any(self.path.put_if(b"", wrong) for wrong in (None, _OTHER)):
            self.path.unlink()
            raise StorageError(
                f"{self.folder}: the store heeds no conditions (If-None-Match, If-Match), so two "
                "machines could write at once; choose another output."
            )

    def keep(self, over: Event) -> None:
        """Renew the lock until ``over``, or until it is lost."""
        while not (self.lost or over.wait(_RENEW_SECONDS)):
            with suppress(StorageError):  # the run's own puts tell that the store is unreachable
                self.renew()

    def renew(self) -> bool:
        """Replace the lock by a new one of ours; whether it is ours still."""
        me = f"process {os.getpid()} on {platform.node()}"
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        content = "\n".join([me, self._owner, self._token, now, ""]).encode()
        with self._turn:
            if not self.lost and not (seen := self.path.put_if(content, self._seen)):
                # Refused as well if our own put was done, and only the answer to it was lost.
                holder, seen = self._read()
                if self._token not in holder:
                    who = f"taken over by {holder[0]}" if seen else "deleted"
                    self.lost = (
                        f"{self.folder}: the lock of this run was {who}, so it ends; its "
                        "completions are kept. Run the same command again once nobody else writes "
                        "there."
                    )
            if not self.lost:
                self._seen, self.renewed = seen, time.time()
            return not self.lost

    def _look(self) -> None:
        """See which lock our next put replaces; StorageError while its machine may be alive."""
        holder, self._seen = self._read()
        if not self._seen or self._owner in holder:
            return
        probe = self.folder / f"{LOCK}.{self._token}"
        probe.put(b"")
        now = probe.fetch()[1]["last_modified"]  # by the clock of the store
        probe.unlink()
        age = (now - self._seen["last_modified"]).total_seconds()
        if age < _EXPIRE_SECONDS:
            left = max(1, -(-int(_EXPIRE_SECONDS - age) // 60))
            raise StorageError(
                f"{self.folder}: {holder[0]} is writing this dataset and said so {max(0, age):.0f} "
                "seconds ago; wait for it, choose another output, or, if it is dead, run the same "
                f"command again in {left} minutes."
            )

    def _read(self) -> tuple[list[str], Mapping[str, Any] | None]:
        """The lines of the lock, who holds it first, and its version in the store, if any."""
        with suppress(FileNotFoundError):
            content, seen = self.path.fetch()
            return content.decode("utf-8", "replace").splitlines() or ["another machine"], seen
        return [], None
