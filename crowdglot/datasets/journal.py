"""The journal of a shard: every call is on disk before anything else happens to it.

Each line is a checksum and a JSON object, appended by one write. A kill can cut only the last line,
a bad disk any line. A line that cannot be read is skipped, and its question is asked again. Where
the journal has a key, a seal that nobody makes without it stands before the object, and lines
without it are another's: they stay, and are passed over.
"""

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict
from hashlib import blake2b
from hmac import compare_digest
from math import isfinite
from pathlib import Path
from typing import Any, Self
from zlib import crc32

import orjson
from pydantic import TypeAdapter, ValidationError

from crowdglot.datasets.storage.files import storing
from crowdglot.datasets.storage.guarded import GUARDED, check_regular
from crowdglot.engines.calls import Call
from crowdglot.errors import StorageError
from crowdglot.printable import whole

# A power cut may cost the completions of the last moments; a crash of the process costs none.
_SYNC_EVERY_SECONDS = 2.0
# A longer line is none of ours, and is passed over piece by piece.
_MOST_BYTES = 1 << 24
# What the columns hold: whole numbers of 64 bits, moments up to the year 9999.
_BIG, _LATEST = 1 << 63, 253_402_300_800.0
_CALL = TypeAdapter(Call)


class Journal:
    """An open journal. ``calls``: what it held when it was opened. ``key``: of its own lines, or
    b"" where all count."""

    def __init__(self, path: Path, key: bytes = b"") -> None:
        self.path, self._key = path, key
        self._last_sync = time.monotonic()
        with storing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self.calls, whole = _read(path, key)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | GUARDED, 0o644)
            os.ftruncate(self._file, whole)
            self._end = os.lseek(self._file, whole, os.SEEK_SET)
            self._inode = os.fstat(self._file).st_ino

    def keep(self, call: Call) -> None:
        """Store one call; raises as ``append``."""
        self.append(encode(call, self._key))

    def append(self, line: bytes) -> None:
        """Store one call, as ``encode`` writes it.

        Raises StorageError if it cannot, or if the file was deleted or replaced: what is written to
        it then would be lost, so the run must stop.
        """
        with storing(self.path):
            written = 0
            try:
                while written < len(line):
                    written += os.write(self._file, line[written:])
            except OSError:
                # Half a line on a full disk would hide what is appended after it.
                os.ftruncate(self._file, self._end)
                os.lseek(self._file, self._end, os.SEEK_SET)
                raise
            self._end += written
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


def encode(call: Call, key: bytes = b"") -> bytes:
    """A call as a line of the journal, its checksum first, then its seal where there is a key."""
    try:
        body = orjson.dumps(call)
    except TypeError:  # a half of a surrogate pair, which UTF-8 does not know
        body = orjson.dumps(_healed(asdict(call)))
    body = _seal(body, key) + b" " + body if key else body
    return b"%08x %s\n" % (crc32(body), body)


def _seal(body: bytes, key: bytes) -> bytes:
    return blake2b(body, key=key, digest_size=16).hexdigest().encode()


def decode(line: bytes) -> Call | None:
    """The call of a line; None if the line was cut or changed, or holds something else."""
    return _call(_parts(line)[1])


def _parts(line: bytes) -> tuple[bytes, bytes]:
    """The seal, b"" where there is none, and the object of a line; nothing of one that was cut or
    changed."""
    checksum, _, told = line.rstrip(b"\n").partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % crc32(told):
        return b"", b""
    if told.startswith(b"{"):
        return b"", told
    seal, _, body = told.partition(b" ")
    return seal, body


def _call(body: bytes) -> Call | None:
    try:
        call = _parse(body)
    except (ValueError, TypeError, RecursionError):
        return None  # the checksum is right, and yet no call of ours
    return call if _fits(call) else None


def _parse(body: bytes) -> Call:
    try:
        return _CALL.validate_json(body, strict=True)
    except ValidationError:  # earlier versions wrote halves of surrogate pairs
        return _CALL.validate_json(orjson.dumps(_healed(json.loads(body))), strict=True)


def _healed(value: Any) -> Any:
    """The value with all its texts as UTF-8 can hold them."""
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, dict):
        return {name: _healed(one) for name, one in value.items()}
    return [_healed(one) for one in value] if isinstance(value, list | tuple) else value


def _fits(call: Call) -> bool:
    """Whether the columns of a row can hold the call."""
    key, made = call.key, call.completion
    places = (key.index, key.attempt, key.step)
    numbers = (*places, call.seed, made.prompt_tokens, made.completion_tokens)
    reals = (made.seconds, made.prompt_logprob or 0.0, *(value for _, value in made.logprobs))
    return (
        min(places) >= 0
        and all(-_BIG <= number < _BIG for number in numbers)
        and all(map(isfinite, reals))
        and 0 <= call.created_at < _LATEST
    )


def read_journal(path: Path) -> list[Call]:
    """The calls in a journal that may be another process's; none where there is no file."""
    return _read(path)[0]


def _read(path: Path, key: bytes = b"") -> tuple[list[Call], int]:
    """All calls that can be read, of lines with the key's seal if there is one; and where the last
    line of anybody ends, in bytes."""
    calls: list[Call] = []
    end = whole_until = 0
    check_regular(path)
    with suppress(FileNotFoundError), path.open("rb") as file:
        while line := file.readline(_MOST_BYTES):
            end += len(line)
            seal, body = _parts(line)
            if (call := _call(body)) is not None:
                if not key or compare_digest(seal, _seal(body, key)):
                    calls.append(call)
                whole_until = end
    return calls, whole_until
