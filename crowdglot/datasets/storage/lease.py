"""The lock of a dataset at a URL: an object, created once and renewed while the run lasts.

A machine that finds another one's lock refuses to write. A lock that has not been renewed for ten
minutes, by the store's own clock, is taken over by one machine only. The first machine notices when
it renews that the lock is no longer its own, and writes nothing more; until then both may write.
Without a conditional put, two machines that start in the same moment can both begin; the one whose
lock was overwritten notices at its first renewal.
"""

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any
from uuid import uuid4

from crowdglot.datasets.storage.remote import Remote
from crowdglot.errors import StorageError

LOCK = ".lock"
_FIRST_SECONDS, _RENEW_SECONDS, _EXPIRE_SECONDS = 5.0, 60.0, 600.0
_held: dict[str, "_Lease"] = {}


@contextmanager
def leased(folder: Remote, owner: str) -> Iterator[None]:
    """Hold the lock of ``folder``; StorageError if another machine has it.

    ``owner``: names this machine's working directory. Only one process at a time may use it, so a
    lock of the same owner was left by a killed process, and is taken at once.
    """
    lease = _Lease(folder, owner)
    lease.take()
    _held[folder.url] = lease
    over = Event()
    keeper = Thread(target=lease.keep, args=(over,), name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()
        _held.pop(folder.url, None)
        lease.leave()


def check_lease(path: Remote) -> None:
    """Raise StorageError if ``path`` lies in a folder whose lock this process has lost."""
    for lease in tuple(_held.values()):
        if lease.lost and lease.folder in path.parents:
            raise StorageError(lease.lost)


class _Lease:
    """The lock object of one folder. ``lost``: why it is no longer ours, or empty."""

    def __init__(self, folder: Remote, owner: str) -> None:
        self.folder, self.lost = folder, ""
        self._path = folder / LOCK
        self._owner, self._token = owner, uuid4().hex

    def take(self) -> None:
        """Make the lock ours."""
        if self._path.create(self._content()):
            return
        if (holder := self._read()) is None:  # deleted in the meantime
            if not self._path.create(self._content()):
                raise self._refusal(self._read() or {}, 0.0)
        elif holder.get("owner") == self._owner:
            self._path.write_bytes(self._content())
        elif (age := self._age()) < _EXPIRE_SECONDS or not self._take_over(holder):
            raise self._refusal(holder, age)

    def keep(self, over: Event) -> None:
        """Renew the lock until ``over``, or until it is lost."""
        wait = _FIRST_SECONDS
        while not over.wait(wait):
            wait = _RENEW_SECONDS
            try:
                holder = self._read()
                if holder is not None and holder.get("token") == self._token:
                    self._path.write_bytes(self._content())
                    continue
            except StorageError:
                continue  # where the store is unreachable, the run's own writes fail and say so
            who = f"taken over by {_name(holder)}" if holder is not None else "deleted"
            self.lost = (
                f"{self.folder}: the lock of this run was {who}, so it ends; its completions "
                "are kept. Run the same command again once nobody else writes there."
            )
            return

    def leave(self) -> None:
        """Delete the lock, if it is ours."""
        if not self.lost and (self._read() or {}).get("token") == self._token:
            self._path.unlink(missing_ok=True)

    def _take_over(self, holder: dict[str, Any]) -> bool:
        """Replace an expired lock; only one machine can create the object for it."""
        claim = self.folder / f"{LOCK}.{holder.get('token')}"
        if not claim.create(self._content()):
            return False
        try:
            if (self._read() or {}).get("token") != holder.get("token"):
                return False
            self._path.write_bytes(self._content())
            return True
        finally:
            claim.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any] | None:
        """Who holds the lock: None if nobody does, {} where the object is not ours."""
        try:
            return dict(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            return {}

    def _age(self) -> float:
        """Seconds since the lock was renewed, between two moments of the store's clock."""
        probe = self.folder / f"{LOCK}.{self._token}"
        probe.write_bytes(b"")
        try:
            return (probe.modified() - self._path.modified()).total_seconds()
        except FileNotFoundError:
            return 0.0
        finally:
            probe.unlink(missing_ok=True)

    def _content(self) -> bytes:
        holder = {
            "host": platform.node(),
            "process": os.getpid(),
            "owner": self._owner,
            "token": self._token,
            "renewed": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        return json.dumps(holder, indent=2).encode() + b"\n"

    def _refusal(self, holder: dict[str, Any], age: float) -> StorageError:
        left = max(1, -(-int(_EXPIRE_SECONDS - age) // 60))
        return StorageError(
            f"{self.folder}: {_name(holder)} is writing this dataset and said so {max(0, age):.0f} "
            f"seconds ago; wait for it, choose another output, or, if it is dead, run the same "
            f"command again in {left} minutes."
        )


def _name(holder: dict[str, Any]) -> str:
    return f"process {holder.get('process', '?')} on {holder.get('host', 'another machine')}"
