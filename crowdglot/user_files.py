"""Reading what users bring: every failure says which file, where in it, and what to do.

What a file may cost is bounded before it is paid: bytes, unpacked bytes, the length of a line.
"""

import codecs
import gzip
import json
import os
import re
import stat
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from crowdglot.errors import MaterialError
from crowdglot.printable import name_shown

MOST_BYTES = 1 << 30
MOST_IN_A_LINE = 1 << 24
_HEAD_BYTES = 1 << 16
# gzip makes text ten or twenty times smaller, and what is made to fill a memory a thousand times.
_MOST_TIMES_SMALLER, _FREE_BYTES = 100, 1 << 24
_GZIP = b"\x1f\x8b"
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"),
)  # fmt: skip
_CUT_WORD = re.compile(r"|-|\.|tr?u?|fa?l?s?|nu?l?|Na?|\\?u?[0-9a-fA-F]{0,4}")
_BETWEEN_RECORDS = re.compile(r"[\s,]*")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
CUT = "the file seems cut in the middle; get it again"


def state_folder() -> Path:
    """Where is kept what concerns this user and no dataset: $XDG_STATE_HOME/crowdglot."""
    named = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not named.is_absolute():  # as its specification has it
        named = Path("~").expanduser() / ".local" / "state"
    return named.absolute() / "crowdglot"


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


def read_text(path: Path) -> str:
    """The same of a file that holds records: MaterialError also where it is empty."""
    text = decoded(path, MOST_BYTES)
    if not text.strip():
        raise MaterialError(f"{path}: the file is empty; give one with at least one record.")
    if "\0" in text:
        raise MaterialError(
            f"{path}: holds NUL characters, so it is no text, or UTF-16 without its mark; save the "
            "file as UTF-8."
        )
    return text


def divided(text: str) -> list[str]:
    """The lines of a text, whichever system wrote it; other separators do not divide them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


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


def unprintable(text: str) -> bool:
    """Whether ``text`` holds control characters or halves of characters, which no text needs."""
    return _UNPRINTABLE.search(text) is not None


def parse_json(text: str, where: str) -> Any:
    """``text`` as JSON, NaN as null; MaterialError says whether it is cut or wrong, and where.

    Of a key that an object has twice with two values, both are kept from being read: the value is
    ``Twice``, which is no text and no list.
    """
    try:
        return json.loads(text, parse_constant=lambda _: None, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        # Python reports an unclosed string at the string's start, and a cut word or escape at the
        # word's start; any other cut is reported at the end of the text.
        rest = text[error.pos :].strip()
        cut = error.msg.startswith("Unterminated") or _CUT_WORD.fullmatch(rest) is not None
        found = CUT if cut else f"not valid JSON ({error.msg}); mend it"
        at = f"line {error.lineno}, " if error.lineno > 1 else ""
        whole = _whole_records(text) if text.lstrip().startswith("[") else 0
        after = f", after record {whole}" if whole else ""
        raise MaterialError(f"{where}, {at}column {error.colno}{after}: {found}.") from None
    except RecursionError:
        raise MaterialError(f"{where}: JSON nested too deeply; give a list of records.") from None
    except ValueError:
        raise MaterialError(
            f"{where}: a number of more than 4,000 digits; shorten it or write it as text."
        ) from None


class Twice:
    """What stands for the values of a key that an object has twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        for key, value in pairs:
            if record[key] != value:
                record[key] = Twice()
    return record


def _whole_records(text: str) -> int:
    """How many elements of a broken JSON list can be read before the fault."""
    whole, at, decoder = 0, text.find("[") + 1, json.JSONDecoder()
    with suppress(ValueError, RecursionError):
        while between := _BETWEEN_RECORDS.match(text, at):
            at = decoder.raw_decode(text, between.end())[1]
            whole += 1
    return whole


def json_lines(path: Path) -> Iterator[tuple[str, Any]]:
    """("FILE, line N", value) for every line that is not blank.

    In place of a line that is not JSON comes the MaterialError that says so. It is raised where
    the last line is cut: nobody knows how much is missing.
    """
    lines = divided(read_text(path))
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        value: Any
        try:
            if len(line) > MOST_IN_A_LINE:
                raise MaterialError(f"{where}: longer than {MOST_IN_A_LINE:,} characters.")
            value = parse_json(line, where)
        except MaterialError as error:
            if number == len(lines) and CUT in str(error):
                raise
            value = error
        yield where, value


def checked_object(record: Any, where: str, fields: Collection[str] = ()) -> dict[str, Any]:
    """``record`` if it is an object with no field beside ``fields``; () for any. MaterialError."""
    if isinstance(record, MaterialError):
        raise record
    if not isinstance(record, dict):
        raise MaterialError(f"{where}: not a JSON object; write one {{...}} a line.")
    if fields and (unknown := sorted(record.keys() - set(fields))):
        known = ", ".join(fields)
        raise MaterialError(f"{where}: unknown field '{name_shown(unknown[0])}'; known: {known}.")
    return record
