"""Checksums of weights, worked out once and noted in a small file in the cache folder."""

import re
from contextlib import suppress
from hashlib import blake2b, file_digest
from pathlib import Path

_DIGEST = re.compile(r"[0-9a-f]{64}")


def checksum(path: Path, cache: Path) -> str:
    """The SHA-256 of ``path`` in hexadecimal; raises OSError.

    A file of the same place, size and modification time as one hashed before is not read again:
    hashing 1 GB takes seconds at every start otherwise.
    """
    with suppress(OSError):
        known = _note(path, cache).read_text("ascii", "replace")
        if _DIGEST.fullmatch(known):  # a note that was being written when the machine died is none
            return known
    with path.open("rb") as file:
        found = file_digest(file, "sha256").hexdigest()
    remember(path, cache, found)
    return found


def remember(path: Path, cache: Path, found: str) -> None:
    """Note the checksum of ``path``; a cache folder that cannot be written only costs time."""
    with suppress(OSError):
        note = _note(path, cache)
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(found, "ascii")


def _note(path: Path, cache: Path) -> Path:
    """Where the checksum of this very file is noted: another size or time gives another name."""
    status = path.stat()
    stamp = ascii((str(path.resolve()), status.st_size, status.st_mtime_ns))
    return cache / "checksums" / blake2b(stamp.encode(), digest_size=16).hexdigest()
