"""Reading what users bring: every failure says which file, where in it, and what to do."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crowdglot.errors import MaterialError

_CUT_WORD = re.compile(r"|-|\.|tr?u?|fa?l?s?|nu?l?|\\?u?[0-9a-fA-F]{0,4}")
_BETWEEN_RECORDS = re.compile(r"[\s,]*")
CUT = "the file seems cut in the middle; get it again"


def read_text(path: Path) -> str:
    """The whole file, line ends as they are; MaterialError if missing, empty or not UTF-8."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise MaterialError(f"{path}: no such file; check the path.") from None
    except OSError as error:
        raise MaterialError(
            f"{path}: cannot be read ({error.strerror}); give a readable file."
        ) from None
    except UnicodeDecodeError as error:
        raise MaterialError(
            f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8."
        ) from None
    if not text.strip():
        raise MaterialError(f"{path}: the file is empty; give one with at least one record.")
    return text


def parse_json(text: str, where: str) -> Any:
    """``text`` as JSON; MaterialError says whether it is cut or merely wrong, and where."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        # An unclosed string is reported by its beginning, a cut word or escape by its own;
        # all else that is cut stops at the end.
        rest = text[error.pos :].strip()
        cut = error.msg.startswith("Unterminated") or _CUT_WORD.fullmatch(rest) is not None
        found = CUT if cut else f"not valid JSON ({error.msg}); mend it"
        at = f"line {error.lineno}, " if error.lineno > 1 else ""
        whole = _whole_records(text)
        after = f", after record {whole}" if whole else ""
        raise MaterialError(f"{where}, {at}column {error.colno}{after}: {found}.") from None
    except RecursionError:
        raise MaterialError(f"{where}: JSON nested too deeply; give a list of records.") from None


def _whole_records(text: str) -> int:
    """How many elements of a broken JSON list can be read before the fault."""
    whole, at, decoder = 0, len(text) - len(text.lstrip()), json.JSONDecoder()
    if text[at : at + 1] != "[":
        return 0
    at += 1
    while between := _BETWEEN_RECORDS.match(text, at):
        try:
            at = decoder.raw_decode(text, between.end())[1]
        except (json.JSONDecodeError, RecursionError):
            break
        whole += 1
    return whole


def json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """("FILE, line N", object) for every line that is not blank."""
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        record = parse_json(line, where)
        if not isinstance(record, dict):
            raise MaterialError(f"{where}: not a JSON object; write one {{...}} a line.")
        yield where, record
