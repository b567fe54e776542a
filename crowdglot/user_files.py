"""Reading what users bring: every failure says which file, where in it, and what to do.

What a file may cost is bounded before it is paid: bytes, unpacked bytes, the length of a line.
"""

import json
import os
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from crowdglot.bounded_files import CUT, decoded
from crowdglot.errors import MaterialError
from crowdglot.printable import name_shown

MOST_BYTES = 1 << 30
MOST_IN_A_LINE = 1 << 24
_CUT_WORD = re.compile(r"|-|\.|tr?u?|fa?l?s?|nu?l?|Na?|\\?u?[0-9a-fA-F]{0,4}")
_BETWEEN_RECORDS = re.compile(r"[\s,]*")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")


def state_folder() -> Path:
    """Where is kept what concerns this user and no dataset: $XDG_STATE_HOME/crowdglot."""
    named = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not named.is_absolute():  # as its specification has it
        named = Path("~").expanduser() / ".local" / "state"
    return named.absolute() / "crowdglot"


def read_text(path: Path) -> str:
    """``decoded`` of a file that holds records: MaterialError also where it is empty."""
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
