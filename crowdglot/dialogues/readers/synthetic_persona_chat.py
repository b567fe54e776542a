"""Synthetic-Persona-Chat's CSV: two columns of personas, one of the conversation.

Rows that are no clean dialogue are skipped: those with placeholders or stage directions such as
"[name]", and those with lines that neither user speaks.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers.assembly import assemble
from crowdglot.errors import MaterialError
from crowdglot.personas.reading import persona_of
from crowdglot.user_files import csv_rows

PERSONAS = {"User 1": "user 1 personas", "User 2": "user 2 personas"}
CONVERSATION = "Best Generated Conversation"
_LINE = re.compile(r"\**(User [12]):\** *(.+)")
_RULER = re.compile(r"[*\-_ ]*")
_PLACEHOLDER = re.compile(r"\[[^\]\n]*\]|<[a-z][^>\n]*>|\{[^}\n]*\}", re.IGNORECASE)


def recognises(head: str) -> bool:
    """Whether the header has the column of the conversation."""
    return CONVERSATION in [name.strip(' "\r') for name in head.split("\n", 1)[0].split(",")]


def read(path: Path) -> Iterator[Demonstration]:
    """Every clean row; MaterialError where the file is cut, or no row is clean."""
    clean = False
    for where, row in csv_rows(path, (*PERSONAS.values(), CONVERSATION)):
        demonstration = from_row(row, where, path.name)
        if demonstration:
            clean = True
            yield demonstration
    if not clean:
        raise MaterialError(
            f"{path}: no row of column '{CONVERSATION}' is a dialogue between \"User 1:\" and "
            '"User 2:" without placeholders; give another file.'
        )


def from_row(row: Mapping[str, str], where: str, source: str) -> Demonstration | None:
    """The demonstration of a row, None where it is no clean dialogue."""
    spoken: list[tuple[str, str]] = []
    for line in row[CONVERSATION].splitlines():
        if _RULER.fullmatch(line):
            continue
        said = _LINE.fullmatch(line.strip())
        if said is None:
            return None
        spoken.append((said[1], said[2]))
    personas = {}
    for user, column in PERSONAS.items():
        facts = [fact for fact in row[column].splitlines() if fact.strip()]
        personas[user] = persona_of(facts, where, column)
    texts = (row[CONVERSATION], *(row[column] for column in PERSONAS.values()))
    if not spoken or any(map(_PLACEHOLDER.search, texts)):
        return None
    return assemble(spoken, personas, where=where, source=source)
