"""Checksums of weights, worked out once and remembered in a small file in the cache folder."""

import json
import os
from contextlib import suppress
from hashlib import blake2b, sha256
from pathlib import Path
from uuid import uuid4

_BLOCK = 1 << 22


def checksum(path: Path, cache: Path) -> str:
    """The SHA-256 of ``path`` in hexadecimal; raises OSError.

    A file of the same place, size and modification time as one hashed before is not read again:
    hashing 1 GB takes seconds at every start otherwise.
    """
    with suppress(OSError, ValueError, KeyError, TypeError):
        note = json.loads(_note(path, cache).read_text("utf-8"))
        if note["file"] == _stamp(path):
            return str(note["sha256"])
    hashed = sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            hashed.update(block)
    remember(path, cache, hashed.hexdigest())
    return hashed.hexdigest()


def remember(path: Path, cache: Path, found: str) -> None:
    """Note the checksum of ``path``; a cache folder that cannot be written only costs time."""
    with suppress(OSError):
        note = _note(path, cache)
        note.parent.mkdir(parents=True, exist_ok=True)
        draft = note.with_name(f"{note.name}.{uuid4().hex[:8]}")
        try:
            draft.write_text(json.dumps({"file": _stamp(path), "sha256": found}), "utf-8")
            draft.replace(note)
        finally:
            draft.unlink(missing_ok=True)


def _stamp(path: Path) -> list[object]:
    status = path.stat()
    return [ascii(path.resolve()), status.st_size, status.st_mtime_ns]


def _note(path: Path, cache: Path) -> Path:
    name = blake2b(os.fsencode(path.resolve()), digest_size=8).hexdigest()
    return cache / "checksums" / f"{name}.json"
