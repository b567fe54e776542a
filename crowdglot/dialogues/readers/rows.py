"""Rows of a table in a file, whatever the file's format: Parquet, CSV, JSON or JSON lines."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crowdglot.errors import MaterialError
from crowdglot.user_files import CUT, parse_json, read_text

_SPLITS = {"train", "valid", "validation", "val", "dev", "test"}


def rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """("FILE, record N", row) for every row; MaterialError where the file is cut or wrong."""
    try:
        with path.open("rb") as file:
            parquet = file.read(4) == b"PAR1"
    except OSError as error:
        raise MaterialError(f"{path}: cannot be read ({error.strerror}); check the path.") from None
    if parquet:
        yield from parquet_rows(path)
        return
    text = read_text(path)
    if text.lstrip()[:1] not in ("[", "{"):
        yield from csv_rows(path)
        return
    for number, row in enumerate(_json_records(text, path), start=1):
        if not isinstance(row, dict):
            raise MaterialError(f"{path}, record {number}: not a JSON object; write {{...}}.")
        yield f"{path}, record {number}", row


def csv_rows(path: Path, needed: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, str]]]:
    """("FILE, record N", row) for every row below the header of a CSV file.

    MaterialError where a column is missing, a row has another number of fields than the header,
    or a quote stays open.
    """
    text = read_text(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    number = 0
    try:
        header = [name.strip() for name in next(reader)]
        if missing := [column for column in needed if column not in header]:
            raise MaterialError(
                f"{path}: column '{missing[0]}' is missing; found: {', '.join(header)}."
            )
        for number, row in enumerate(reader, start=1):
            where = f"{path}, record {number}"
            if row and len(row) != len(header):
                raise MaterialError(
                    f"{where}: {len(row)} of {len(header)} columns; {CUT}, or mend the row."
                )
            if row:
                yield where, dict(zip(header, row, strict=True))
    except csv.Error as error:
        found = CUT if "unexpected end" in str(error) else f"not valid CSV ({error}); mend it"
        raise MaterialError(
            f"{path}, record {number + 1} (line {reader.line_num}): {found}."
        ) from None
    if not text.endswith(("\n", "\r")):
        raise MaterialError(
            f"{path}, record {number}: the last row has no line end, so {CUT}, "
            "or add the line end if the row is whole."
        )


def parquet_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every row of a Parquet file, read a few hundred at a time."""
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=256):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path}, record {number}", row
    except (pa.ArrowException, OSError) as error:
        reason = str(error).split(".")[0]
        raise MaterialError(
            f"{path}, record {number + 1}: damaged Parquet ({reason}); {CUT}."
        ) from None


def _json_records(text: str, path: Path) -> Iterator[Any]:
    """The records of a list, of a mapping from split to list, or of JSON lines."""
    lines = [(at, line) for at, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if len(lines) > 1 and _is_object(lines[0][1]):
        for at, line in lines:
            yield parse_json(line, f"{path}, line {at}")
        return
    whole = parse_json(text, str(path))
    if isinstance(whole, list):
        yield from whole
    elif whole.keys() <= _SPLITS and all(isinstance(split, list) for split in whole.values()):
        for split in whole.values():
            yield from split
    else:
        yield whole


def _is_object(line: str) -> bool:
    """Whether the line alone is a JSON object."""
    try:
        return isinstance(json.loads(line), dict)
    except (json.JSONDecodeError, RecursionError):
        return False
