"""A user's file as text: bounded, unpacked, and every failure says which file and what to do."""

import codecs
import gzip
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from crowdglot.errors import MaterialError

_HEAD_BYTES = 1 << 16
# gzip makes text ten or twenty times smaller, and what is made to fill a memory a thousand times.
_MOST_TIMES_SMALLER, _FREE_BYTES = 100, 1 << 24
_GZIP = b"\x1f\x8b"
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"),
)  # fmt: skip
CUT = "the file seems cut in the middle; get it again"


@contextmanager
def reading(path: Path, missing: str = "no such file; check the path") -> Iterator[None]:
    """Errors of reading become MaterialError; ``missing``: what is said of a file not there."""
    try:
        yield
    except (zlib.error, gzip.BadGzipFile, EOFError) as error:
        why = CUT if isinstance(error, EOFError) else "damaged gzip; get it again"
        raise MaterialError(f"{path}: {why}.") from None
    except OSError as error:
        why = f"cannot be read ({error.strerror}); give a readable file"
        why = missing if isinstance(error, FileNotFoundError) else why
        raise MaterialError(f"{path}: {why}.") from None
    except UnicodeDecodeError as error:
        wanted = "UTF-8" if error.encoding.startswith("utf-8") else error.encoding.upper()
        raise MaterialError(
            f"{path}: byte {error.start} is not {wanted}; save the file as UTF-8."
        ) from None
    except ValueError:  # a NUL character
        raise MaterialError(f"{path}: no name of a file; check the path.") from None


def decoded(path: Path, most: int) -> str:
    """The whole file as text, unpacked where gzip packed it, line ends as they are.

    UTF-8, or UTF-16 and UTF-32 that begin with their mark. MaterialError if missing, special, no
    text, or of more than ``most`` bytes.
    """
    with reading(path):
        content = _content(path, most + 1)
        if len(content) > most:
            raise MaterialError(f"{path}: larger than {most:,} bytes; divide it.")
        return content.decode(_encoding(content))


def read_head(path: Path, missing: str) -> str:
    """The beginning of a file, unpacked, without leading blanks; what is no text is replaced."""
    with reading(path, missing):
        content = _content(path, _HEAD_BYTES)
        return content.decode(_encoding(content), errors="replace").lstrip()


def is_packed(path: Path) -> bool:
    """Whether gzip packed the file."""
    with reading(path), path.open("rb") as file:
        return file.read(2) == _GZIP


def _content(path: Path, most: int) -> bytes:
    """Up to ``most`` bytes; a pipe or a device is refused before it is opened."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise MaterialError(f"{path}: no regular file; write it to one first.")
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        return _unpacked(file, path, most) if packed else file.read(most)


def _unpacked(file: BinaryIO, path: Path, most: int) -> bytes:
    content = bytearray()
    with gzip.GzipFile(fileobj=file) as packed:
        while len(content) < most and (piece := packed.read(min(1 << 20, most - len(content)))):
            content += piece
            if len(content) > _FREE_BYTES + _MOST_TIMES_SMALLER * file.tell():
                raise MaterialError(
                    f"{path}: unpacks to more than {_MOST_TIMES_SMALLER} times its size; unpack it "
                    "yourself if you trust it."
                )
    return bytes(content)


def _encoding(content: bytes) -> str:
    return next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8-sig")
