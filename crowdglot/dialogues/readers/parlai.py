"""PersonaChat in ParlAI's text format.

Numbered lines, the numbers starting at 1 for each dialogue: "your persona: …" and "partner's
persona: …" lines (one kind, both or none), then exchanges "partner's words<TAB>your words", with
or without "<TAB>reward<TAB>candidate|candidate|…" behind. The format marks no end, so a file that
was cut right behind a line cannot be told from a whole one; every other cut is an error.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers.assembly import assemble
from crowdglot.errors import MaterialError
from crowdglot.personas.normalise import looks_english
from crowdglot.personas.reading import persona_of
from crowdglot.user_files import CUT, read_text

_LINE = re.compile(r"(\d+) (.*)", re.DOTALL)
_PERSONA = re.compile(r"(your|partner's) persona:(.*)", re.DOTALL)
_HEAD = re.compile(r"\d+ (?:(?:your|partner's) persona:|[^\n]*\t)")


def recognises(head: str) -> bool:
    """Whether the first line is numbered, and a persona's sentence or an exchange."""
    return _HEAD.match(head) is not None


@dataclass
class _Episode:
    """The lines of one dialogue; ``start``: number of its first line in the file."""

    start: int
    facts: dict[str, list[str]] = field(default_factory=dict)
    spoken: list[tuple[str, str]] = field(default_factory=list)


def read(path: Path) -> Iterator[Demonstration]:
    """Every dialogue of the file; MaterialError names the line that is cut or misnumbered."""
    text = read_text(path)
    if not text.endswith("\n"):
        last = text.count("\n") + 1
        raise MaterialError(
            f"{path}, line {last}: the last line has no line end, so {CUT}, "
            "or add the line end if the line is whole."
        )
    english = looks_english(re.split(r"[\n\t]", text[:40_000]))
    for episode in _episodes(text, path):
        where = f"{path}, line {episode.start}"
        personas = {
            owner: persona_of(facts, where, f"{owner} persona", english=english)
            for owner, facts in episode.facts.items()
        }
        yield assemble(episode.spoken, personas, where=where, source=path.name, english=english)


def _episodes(text: str, path: Path) -> Iterator[_Episode]:
    """The dialogues of the file, by their numbering."""
    episode: _Episode | None = None
    before = 0
    for at, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {at}"
        numbered = _LINE.match(line.rstrip("\r"))
        if numbered is None:
            raise MaterialError(f"{where}: no line number at its start; {CUT}.")
        number = int(numbered[1])
        if number == 1:
            if episode:
                yield episode
            episode = _Episode(at)
        elif episode is None or number != before + 1:
            raise MaterialError(
                f"{where}: numbered {number} where 1 or {before + 1} should follow, so lines are "
                f"missing; {CUT}."
            )
        before = number
        _take(episode, numbered[2], where)
    if episode:
        yield episode


def _take(episode: _Episode, body: str, where: str) -> None:
    """Add one line, without its number, to the episode."""
    if persona := _PERSONA.match(body):
        episode.facts.setdefault(persona[1], []).append(persona[2])
        return
    fields = body.split("\t")
    if len(fields) < 2 or not fields[1].strip():
        raise MaterialError(f"{where}: no reply after the first tab; {CUT}.")
    # The reply is the one whose persona is "your persona".
    episode.spoken += [("partner's", fields[0]), ("your", fields[1])]
