"""Tables that users bring as text: the rows of CSV files, and the lists in their cells."""

import ast
import csv
import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crowdglot.bounded_files import CUT
from crowdglot.errors import MaterialError
from crowdglot.printable import name_shown, names_shown
from crowdglot.user_files import MOST_IN_A_LINE, parse_json, read_text

_STRING = re.compile(r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*\"""", re.DOTALL)
_QUOTED = re.compile(r'"[^"]*"')
NO_LINE_END = "the last line has no line end, and is read as whole"


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the user shall know of a record that is read nevertheless."""

    text: str


def csv_rows(
    path: Path, needed: tuple[str, ...] = (), known: Callable[[str], bool] | None = None
) -> Iterator[tuple[str, dict[str, str] | MaterialError | Note]]:
    """("FILE, record N", row) for every row below the header of a CSV file that is not blank.

    The header tells whether a comma, a semicolon, a tab or a bar divides the columns. In place of
    a row that cannot be read comes the MaterialError that says so. It is raised where a column of
    ``needed`` is missing, where none is ``known``, where one stands twice, and where the file is
    cut.
    """
    text = read_text(path)
    if mark := re.match(r"sep=.\r?\n", text):  # Excel's own first line
        text = text[mark.end() :]
    buffer = io.StringIO(text, newline="")
    reader = csv.reader(buffer, delimiter=_delimiter(text), strict=True)
    header = _header(next(_cells(reader, path, 0), []), path, needed, known)
    for number, cells in enumerate(_cells(reader, path, 1), start=1):
        where = f"{path}, record {number}"
        if isinstance(cells, MaterialError):
            yield where, cells
            continue
        if not any(cell.strip() for cell in cells):
            continue
        surplus = any(cell.strip() for cell in cells[len(header) :])
        short = len(cells) < len(header)
        last = buffer.tell() == len(text)
        if short or surplus:
            wrong = f"{where}: {len(cells)} of {len(header)} columns"
            if short and last and not text.endswith(("\n", "\r")):
                raise MaterialError(f"{wrong}; {CUT}, or mend the row.")
            yield where, MaterialError(f"{wrong}; mend the row.")
            continue
        if last and not text.endswith(("\n", "\r")):
            yield where, Note(NO_LINE_END)
        yield where, dict(zip(header, cells, strict=False))


def _cells(reader: Any, path: Path, first: int) -> Iterator[Any]:
    """The cells of every row, or the error that says what is wrong with it."""
    number = first
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            where = f"{path}, record {number} (line {reader.line_num})"
            if "unexpected end" in str(error):
                raise MaterialError(f"{where}: {CUT}.") from None
            cells = MaterialError(f"{where}: not valid CSV ({error}); mend it.")
        if cells is None:
            return
        if cells:
            number += 1
            yield cells


def _delimiter(text: str) -> str:
    """What divides the columns of the header most often, a comma where nothing does."""
    header = _QUOTED.sub("", text.lstrip().partition("\n")[0])
    return max(",;\t|", key=header.count)


def _header(
    cells: Any, path: Path, needed: tuple[str, ...], known: Callable[[str], bool] | None
) -> list[str]:
    if isinstance(cells, MaterialError):
        raise cells
    header = [name.strip() for name in cells]
    if missing := [column for column in needed if column not in header]:
        raise MaterialError(
            f"{path}: column '{missing[0]}' is missing; found: {names_shown(header)}."
        )
    if known and not any(map(known, header)):
        raise MaterialError(
            f"{path}: no column holds a dialogue or a persona (found: {names_shown(header)}); name "
            "it 'dialogue' or 'persona'."
        )
    if twice := [name for name in header if name and header.count(name) > 1]:
        raise MaterialError(
            f"{path}: column '{name_shown(twice[0])}' stands twice; rename or delete one."
        )
    return header


def parse_cell(text: str, where: str) -> Any:
    """A list or an object in the cell of a table: JSON, a Python literal as pandas writes it, or
    texts that only blanks divide, as NumPy prints them. Nothing is executed. MaterialError.
    """
    with suppress(MaterialError):
        return parse_json(text, where)
    bare = _STRING.sub("''", text.strip()) if len(text) <= MOST_IN_A_LINE else ""
    with suppress(ValueError, SyntaxError, MemoryError, RecursionError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes that Python would not write
        if re.fullmatch(r"\[''(?:\s+'')+\]", bare):
            return [ast.literal_eval(one) for one in _STRING.findall(text)]
        if bare and not re.search(r"''\s*''", bare):  # a comma is missing: two texts would be one
            return ast.literal_eval(text.strip())
    raise MaterialError(f"{where}: begins as a list, and is none in JSON or Python; mend it.")
