"""Synthetic-Persona-Chat's CSV: two columns of personas, one of the conversation.

Rows that are no clean dialogue are skipped: those with placeholders or stage directions such as
"[name]", and those with lines that neither user speaks.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers.assembly import assemble
from crowdglot.user_files import csv_rows

CONVERSATION = "Best Generated Conversation"
HEAD = re.compile(rf'(?:[^\n]*,)?[ "]*{CONVERSATION}[ "\r]*(?:[,\n]|\Z)')
_PERSONAS = {"User 1": "user 1 personas", "User 2": "user 2 personas"}
_LINE = re.compile(r"\**(User [12]):\** *(.+)")
_RULER = re.compile(r"[*\-_ ]*")
_PLACEHOLDER = re.compile(r"\[[^\]\n]*\]|<[a-z][^>\n]*>|\{[^}\n]*\}", re.IGNORECASE)


def read(path: Path) -> Iterator[Demonstration]:
    """Every clean row; MaterialError where the file is cut."""
    for where, row in csv_rows(path, (*_PERSONAS.values(), CONVERSATION)):
        if demonstration := from_row(row, where, path.name):
            yield demonstration


def from_row(row: Mapping[str, str], where: str, source: str) -> Demonstration | None:
    """The demonstration of a row, None where it is no clean dialogue."""
    lines = [line for line in row[CONVERSATION].splitlines() if not _RULER.fullmatch(line)]
    said = [match for line in lines if (match := _LINE.fullmatch(line.strip()))]
    texts = (row[CONVERSATION], *(row[column] for column in _PERSONAS.values()))
    if not said or len(said) < len(lines) or any(map(_PLACEHOLDER.search, texts)):
        return None
    facts = {
        user: (column, [fact for fact in row[column].splitlines() if fact.strip()])
        for user, column in _PERSONAS.items()
    }
    spoken = [(match[1], match[2]) for match in said]
    return assemble(spoken, facts, where=where, source=source, english=True)
