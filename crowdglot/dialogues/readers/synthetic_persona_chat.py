"""Synthetic-Persona-Chat's CSV: two columns of personas, one of the conversation.

Rows that are no clean dialogue are left out: those with placeholders or stage directions such as
"[name]", and those with lines that neither user speaks.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers.assembly import assemble
from crowdglot.dialogues.readers.people import others_unused, plain, plain_row
from crowdglot.dialogues.readers.records import Record, each
from crowdglot.errors import MaterialError
from crowdglot.user_tables import csv_rows

_CONVERSATION = "Best Generated Conversation"
HEAD = re.compile(rf'(?:[^\n]*,)?[ "]*{_CONVERSATION}[ "\r]*(?:[,\n]|\Z)')
_PERSONAS = {"User 1": "user 1 personas", "User 2": "user 2 personas"}
COLUMNS = frozenset(map(plain, (_CONVERSATION, *_PERSONAS.values())))
_LINE = re.compile(r"\**(User [12]):\** *(.+)")
_RULER = re.compile(r"[*\-_ ]*")
_PLACEHOLDER = re.compile(r"\[[^\]\n]*\]|<[a-z][^>\n]*>|\{[^}\n]*\}", re.IGNORECASE)


def read(path: Path) -> Iterator[Record]:
    """Every record; MaterialError where the file is cut or a column is missing."""
    rows = csv_rows(path, (*_PERSONAS.values(), _CONVERSATION))
    return each(rows, lambda row, where: from_row(plain_row(row, where), where, path.name))


def from_row(row: Mapping[str, Any], where: str, source: str) -> Demonstration:
    """The demonstration of a row with ``COLUMNS``; MaterialError where it is no clean dialogue."""
    columns = (_CONVERSATION, *_PERSONAS.values())
    texts = [str(row[plain(column)] or "") for column in columns]
    lines = [line for line in texts[0].splitlines() if not _RULER.fullmatch(line)]
    said = [match for line in lines if (match := _LINE.fullmatch(line.strip()))]
    if any(map(_PLACEHOLDER.search, texts)):
        raise MaterialError(f"{where}: a placeholder or a stage direction such as [name] in it.")
    if not said or len(said) < len(lines):
        raise MaterialError(f"{where}: a line that neither user speaks in it.")
    facts = {
        user: (column, [fact for fact in text.splitlines() if fact.strip()])
        for (user, column), text in zip(_PERSONAS.items(), texts[1:], strict=True)
    }
    spoken = [(match[1], match[2]) for match in said]
    lost = others_unused(row, COLUMNS, where)
    return assemble(spoken, facts, where=where, source=source, english=True, lost=lost)
