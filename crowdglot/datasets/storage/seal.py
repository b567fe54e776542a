"""A checksum that a Parquet file carries in its own footer, of all its bytes but the checksum's.

Every reader of Parquet still reads the file; it can be moved and copied alone, and any changed bit
of it is found.
"""

import re
from hashlib import blake2b
from pathlib import Path

from crowdglot.datasets.storage.guarded import check_regular
from crowdglot.datasets.storage.location import Location

_KEY = "crowdglot.checksum"
_DIGITS = 16
PLACEHOLDER = {_KEY: "0" * _DIGITS}
# In the footer (Thrift's compact protocol) the key is followed by the field of its value: a type
# byte and the length.
_VALUE = re.compile(re.escape(_KEY.encode()) + rb"\x18\x10([0-9a-f]{16})")


def seal(path: Path) -> None:
    """Replace ``PLACEHOLDER`` in the metadata of ``path`` by the checksum."""
    content = bytearray(path.read_bytes())
    if (at := _find(content)) is None:
        raise ValueError(f"{path} has no placeholder for a checksum.")
    with path.open("r+b") as file:
        file.seek(at)
        file.write(_digest(content, at))


def holds(path: Location) -> bool:
    """Whether ``path`` is as it was sealed; False if there is no checksum in it."""
    check_regular(path)
    content = bytearray(path.read_bytes())
    at = _find(content)
    return at is not None and content[at : at + _DIGITS] == _digest(content, at)


def _find(content: bytearray) -> int | None:
    """Where the digits of the last checksum begin, as the footer is the end of the file."""
    start = content.rfind(_KEY.encode())
    found = _VALUE.match(content, start) if start >= 0 else None
    return found.start(1) if found else None


def _digest(content: bytearray, at: int) -> bytes:
    digest = blake2b(content[:at], digest_size=_DIGITS // 2)
    digest.update(content[at + _DIGITS :])
    return digest.hexdigest().encode()
