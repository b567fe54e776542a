"""The journal of a shard: every call is on disk before anything else happens to it.

Each line is a checksum and a JSON object, appended by one write. A kill can cut only the last line,
a bad disk any line. A line that cannot be read is skipped, and its question is asked again.
"""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Self
from zlib import crc32

import orjson

from crowdglot.datasets.storage.files import storing
from crowdglot.engines.calls import Call, Key
from crowdglot.engines.engine import Completion
from crowdglot.errors import StorageError

# A power cut may cost the completions of the last moments; a crash of the process costs none.
_SYNC_EVERY_SECONDS = 2.0


class Journal:
    """An open journal. ``calls``: what it held when it was opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._last_sync = time.monotonic()
        with storing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self.calls, whole = _read(path)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
            os.ftruncate(self._file, whole)
            os.lseek(self._file, whole, os.SEEK_SET)
            self._inode = os.fstat(self._file).st_ino

    def append(self, line: bytes) -> None:
        """Store one call, as ``encode`` writes it.

        Raises StorageError if it cannot, or if the file was deleted or replaced: what is written to
        it then would be lost, so the run must stop.
        """
        with storing(self.path):
            start = os.lseek(self._file, 0, os.SEEK_CUR)
            written = 0
            try:
                while written < len(line):
                    written += os.write(self._file, line[written:])
            except OSError:
                # Half a line on a full disk would hide what is appended after it.
                os.ftruncate(self._file, start)
                os.lseek(self._file, start, os.SEEK_SET)
                raise
            if time.monotonic() - self._last_sync > _SYNC_EVERY_SECONDS:
                os.fsync(self._file)
                self._last_sync = time.monotonic()
        if not self._is_there():
            raise StorageError(
                f"{self.path}: was removed while the run was writing it; leave the dataset's "
                "folder alone and run the same command again, what its files hold is kept."
            )

    def _is_there(self) -> bool:
        try:
            return self.path.stat().st_ino == self._inode
        except OSError:
            return False

    def remove(self) -> None:
        """Delete it, once its shard is written."""
        with storing(self.path):
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        with storing(self.path):
            os.fsync(self._file)
            os.close(self._file)


def encode(call: Call) -> bytes:
    """A call as a line of the journal, its checksum first."""
    body = orjson.dumps(call)
    return b"%08x %s\n" % (crc32(body), body)


def decode(line: bytes) -> Call | None:
    """The call of a line; None if the line was cut or changed, or cannot be read."""
    checksum, _, body = line.rstrip(b"\n").partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % crc32(body):
        return None
    try:
        fields = orjson.loads(body)
    except ValueError:  # half a character, which JSON can hold and we cannot
        return None
    completion = fields["completion"]
    completion["logprobs"] = tuple((token, value) for token, value in completion["logprobs"])
    completion["dropped"] = tuple(completion.get("dropped", ()))
    return Call(**fields | {"key": Key(**fields["key"]), "completion": Completion(**completion)})


def read_journal(path: Path) -> list[Call]:
    """The calls in a journal that may be another process's; none where there is no file."""
    return _read(path)[0]


def _read(path: Path) -> tuple[list[Call], int]:
    """All calls that can be read, and where the last of them ends, in bytes."""
    calls: list[Call] = []
    end = whole = 0
    with suppress(FileNotFoundError), path.open("rb") as file:
        for line in file:
            end += len(line)
            if (call := decode(line)) is not None:
                calls.append(call)
                whole = end
    return calls, whole
