"""PersonaChat in ParlAI's text format.

Numbered lines, the numbers starting at 1 for each dialogue: "your persona: …" and "partner's
persona: …" lines (one kind, both or none), then exchanges "partner's words<TAB>your words", with
or without "<TAB>reward<TAB>candidate|candidate|…" after them. The format marks no end, so a file
that was cut right after a line looks like a whole one; every other cut is an error.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers.assembly import assemble
from crowdglot.errors import MaterialError
from crowdglot.user_files import CUT, read_text

_LINE = re.compile(r"(\d+) (.*)", re.DOTALL)
_PERSONA = re.compile(r"(your|partner's) persona:(.*)", re.DOTALL)
HEAD = re.compile(r"\d+ (?:(?:your|partner's) persona:|[^\n]*\t)")


def read(path: Path) -> Iterator[Demonstration]:
    """Every dialogue of the file; MaterialError names the line that is cut or misnumbered."""
    for lines in _episodes(path):
        facts: dict[str, tuple[str, list[str]]] = {}
        spoken: list[tuple[str, str]] = []
        for where, line in lines:
            if persona := _PERSONA.match(line):
                owner, fact = persona.groups()
                facts.setdefault(owner, (f"{owner} persona", []))[1].append(fact)
                continue
            fields = line.split("\t")
            if len(fields) < 2 or not fields[1].strip():
                raise MaterialError(f"{where}: no reply after the first tab; {CUT}.")
            spoken += [("partner's", fields[0]), ("your", fields[1])]
        yield assemble(spoken, facts, where=lines[0][0], source=path.name)


def _episodes(path: Path) -> Iterator[list[tuple[str, str]]]:
    """The lines of each dialogue, each as ("FILE, line N", text without its number)."""
    text = read_text(path)
    if not text.endswith("\n"):
        raise MaterialError(
            f"{path}, line {text.count(chr(10)) + 1}: the last line has no line end, so {CUT}, "
            "or add the line end if the line is whole."
        )
    lines: list[tuple[str, str]] = []
    for at, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {at}"
        numbered = _LINE.match(line.rstrip("\r"))
        if numbered is None:
            raise MaterialError(f"{where}: no line number at its start; {CUT}.")
        number, following = int(numbered[1]), len(lines) + 1
        if number == 1 and lines:
            yield lines
            lines = []
        elif number != following:
            raise MaterialError(
                f"{where}: numbered {number} where 1 or {following} should follow, so lines are "
                f"missing; {CUT}."
            )
        lines.append((where, numbered[2]))
    yield lines
