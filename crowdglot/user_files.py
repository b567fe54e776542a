"""Reading what users bring: every failure says which file, where in it, and what to do."""

import csv
import io
import json
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from crowdglot.errors import ConfigurationError, MaterialError
from crowdglot.strict_toml import Model, read_toml, validate

_CUT_WORD = re.compile(r"|-|\.|tr?u?|fa?l?s?|nu?l?|\\?u?[0-9a-fA-F]{0,4}")
_BETWEEN_RECORDS = re.compile(r"[\s,]*")
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
    except OSError as error:
        why = f"cannot be read ({error.strerror}); give a readable file"
        why = missing if isinstance(error, FileNotFoundError) else why
        raise MaterialError(f"{path}: {why}.") from None
    except UnicodeDecodeError as error:
        raise MaterialError(
            f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8."
        ) from None


def read_text(path: Path) -> str:
    """The whole file, line ends as they are; MaterialError if missing, empty or not UTF-8."""
    with reading(path):
        text = path.read_bytes().decode("utf-8-sig")
    if not text.strip():
        raise MaterialError(f"{path}: the file is empty; give one with at least one record.")
    return text


def parse_json(text: str, where: str) -> Any:
    """``text`` as JSON; MaterialError says whether it is cut or merely wrong, and where."""
    try:
        return json.loads(text)
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


def _whole_records(text: str) -> int:
    """How many elements of a broken JSON list can be read before the fault."""
    whole, at, decoder = 0, text.find("[") + 1, json.JSONDecoder()
    with suppress(json.JSONDecodeError, RecursionError):
        while between := _BETWEEN_RECORDS.match(text, at):
            at = decoder.raw_decode(text, between.end())[1]
            whole += 1
    return whole


def json_lines(path: Path, fields: Collection[str] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
    """("FILE, line N", object) for every line that is not blank.

    ``fields``: those that an object may have, in the order in which errors list them; () for any.
    """
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        record = parse_json(line, where)
        if not isinstance(record, dict):
            raise MaterialError(f"{where}: not a JSON object; write one {{...}} a line.")
        if fields and (unknown := sorted(record.keys() - set(fields))):
            known = ", ".join(fields)
            raise MaterialError(f"{where}: unknown field '{unknown[0]}'; known: {known}.")
        yield where, record


def csv_rows(path: Path, needed: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, str]]]:
    """("FILE, record N", row) for every row below the header of a CSV file.

    MaterialError where a column is missing, a row has another number of fields than the header,
    or a quote stays open.
    """
    text = read_text(path)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    number = 0
    try:
        header = reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
        if missing := [column for column in needed if column not in header]:
            found = ", ".join(header)
            raise MaterialError(f"{path}: column '{missing[0]}' is missing; found: {found}.")
        for number, row in enumerate(reader, start=1):
            where = f"{path}, record {number}"
            if None in row or None in row.values():  # so DictReader tells more or fewer values
                count = sum(value is not None for value in row.values())
                raise MaterialError(
                    f"{where}: {count} of {len(header)} columns; {CUT}, or mend the row."
                )
            yield where, row
    except csv.Error as error:
        found = CUT if "unexpected end" in str(error) else f"not valid CSV ({error}); mend it"
        raise MaterialError(
            f"{path}, record {number + 1} (line {reader.reader.line_num}): {found}."
        ) from None
    if not text.endswith(("\n", "\r")):
        raise MaterialError(
            f"{path}, record {number}: the last row has no line end, so {CUT}, "
            "or add the line end if the row is whole."
        )


def read_folder(folder: Path, model: type[Model], key: str) -> dict[str, Model]:
    """Every file NAME.toml of a folder that holds such files only, by name and sorted.

    ``key``: the field that repeats the file's name. ConfigurationError names the file and the key
    of the first mistake. Hidden files, editors' copies ("fr.toml~") and Python's own are skipped.
    """
    found = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_", "#")) or path.name.endswith("~"):
            continue
        if path.suffix != ".toml" or path.is_dir():
            raise ConfigurationError(
                f"{path}: this folder holds .toml files only; rename the file or move it away."
            )
        entry = validate(model, read_toml(path), path)
        if getattr(entry, key) != path.stem:
            raise ConfigurationError(
                f"{path}: '{key}' is '{getattr(entry, key)}'; it must be the file's name."
            )
        found[path.stem] = entry
    return found
