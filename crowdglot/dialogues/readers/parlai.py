"""PersonaChat in ParlAI's two text formats.

Numbered lines, the numbers starting at 1 for each dialogue: "your persona: …" and "partner's
persona: …" lines (one kind, both or none), then exchanges "partner's words<TAB>your words", with
or without "<TAB>reward<TAB>candidate|candidate|…" after them. Or lines of named fields,
"text:partner's words<TAB>labels:your words", the last of a dialogue with "<TAB>episode_done:True".
In both, "\\n" in the partner's words divides lines, the first of which may be personas.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from crowdglot.bounded_files import CUT
from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers.assembly import assemble
from crowdglot.dialogues.readers.people import others_unused
from crowdglot.dialogues.readers.records import LeftOut, Record, each
from crowdglot.errors import MaterialError
from crowdglot.user_files import divided, read_text
from crowdglot.user_tables import NO_LINE_END

_LINE = re.compile(r"(\d{1,9}) (.*)", re.DOTALL)
_PERSONA = re.compile(r"(your|partner's) persona:(.*)", re.DOTALL)
_FIELD = re.compile(r"([a-z_]+):(.*)", re.DOTALL)
_LABELS = ("labels", "eval_labels")
_NAMED = re.compile(r"(?:[a-z_]+:[^\t\n]*\t)*(?:text|labels|eval_labels):[^\n]*\t")
# What ends a sentence, a list or a number; a text that was cut rarely ends so.
_WHOLE_END = re.compile(r"[.!?…。！？।۔؟\"”»)\]}\d][\"'”»)\s]*\Z")
HEAD = re.compile(rf"\d+ (?:(?:your|partner's) persona:|[^\n]*\t)|{_NAMED.pattern}")


class _Exchange(NamedTuple):
    """What one line says: the partner's words, and one's own, None on a line of personas; and a
    sentence on each of its fields that holds a persona."""

    where: str
    text: str
    reply: str | None
    lost: Sequence[str] = ()


def read(path: Path) -> Iterator[Record]:
    """Every record of the file; MaterialError where it is cut."""
    text = read_text(path)
    lines = [(f"{path}, line {at}", line) for at, line in enumerate(divided(text), start=1)]
    lines = [(where, line) for where, line in lines if line.strip()]
    if not text.endswith(("\n", "\r")):
        yield _without_line_end(text, lines[-1][0])
    episodes = _named(lines) if _NAMED.match(text.lstrip()) else _numbered(lines)
    yield from each(episodes, lambda told, where: _demonstration(told, where, path.name))


def _without_line_end(text: str, where: str) -> LeftOut:
    """What is to be told of a last line without a line end; MaterialError where it seems cut."""
    if _WHOLE_END.search(text[-200:]):
        return LeftOut(f"{where}: {NO_LINE_END}", kept=True)
    raise MaterialError(
        f"{where}: the last line has no line end, so {CUT}, or add the line end if the line is "
        "whole."
    )


def _demonstration(told: list[_Exchange], where: str, source: str) -> Demonstration:
    facts: dict[str, tuple[str, list[str]]] = {}
    spoken: list[tuple[str, str]] = []
    for exchange in told:
        said = []
        for line in exchange.text.replace("\\n", "\n").split("\n"):
            if persona := _PERSONA.match(line.strip()):
                owner, fact = persona.groups()
                facts.setdefault(owner, (f"{owner} persona", []))[1].append(fact)
            else:
                said.append(line)
        text, reply = " ".join(said).strip(), exchange.reply
        if not text and not (reply or "").strip() and len(said) < exchange.text.count("\\n") + 1:
            continue
        if reply is None or not reply.strip():
            raise MaterialError(f"{exchange.where}: no reply after the first tab; {CUT}.")
        spoken += [("partner's", text), ("your", reply.replace("\\n", " "))]
    lost = [one for exchange in told for one in exchange.lost]
    return assemble(spoken, facts, where=where, source=source, lost=lost)


def _numbered(lines: list[tuple[str, str]]) -> Iterator[tuple[str, Any]]:
    """Where each dialogue begins and its lines, or the MaterialError that takes their place."""
    told: list[_Exchange] = []
    fault: MaterialError | None = None
    for where, line in lines:
        match, following = _LINE.match(line), len(told) + 1
        number = int(match[1]) if match else 0
        if number == 1 and (told or fault):
            yield _episode(told, fault)
            told, fault, following = [], None, 1
        if match is None:
            fault = fault or MaterialError(f"{where}: no line number at its start; {CUT}.")
        elif number != following and not fault:
            fault = MaterialError(
                f"{where}: numbered {number} where 1 or {following} should follow, so lines are "
                f"missing; {CUT}."
            )
        text, *replies = (match[2] if match else line).split("\t")
        told.append(_Exchange(where, text, replies[0] if replies else None))
    yield _episode(told, fault)


def _named(lines: list[tuple[str, str]]) -> Iterator[tuple[str, Any]]:
    """As ``_numbered``, of the lines of named fields."""
    told: list[_Exchange] = []
    fault: MaterialError | None = None
    for where, line in lines:
        matches = [_FIELD.fullmatch(part) for part in line.split("\t") if part]
        fields = {match[1]: match[2] for match in matches if match}
        if not all(matches) or len(fields) < len(matches) or "text" not in fields:
            fault = fault or MaterialError(f"{where}: not the fields text:… and labels:…; {CUT}.")
        reply = next((fields[name] for name in _LABELS if name in fields), None)
        lost = others_unused(fields, (), where)
        told.append(_Exchange(where, fields.get("text", ""), reply and reply.split("|")[0], lost))
        if fields.get("episode_done", "").strip() == "True":
            yield _episode(told, fault)
            told, fault = [], None
    if told:
        where = told[-1].where
        yield _episode(
            told, fault or MaterialError(f"{where}: no episode_done:True ends it; {CUT}.")
        )


def _episode(told: list[_Exchange], fault: MaterialError | None) -> tuple[str, Any]:
    return told[0].where, fault or told
