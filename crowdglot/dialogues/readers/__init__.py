"""Demonstrations and personas from PersonaChat-like sources: one module a file format."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.errors import MaterialError
from crowdglot.personas.persona import Persona
from crowdglot.user_files import reading

BUNDLED = Path(__file__).parent.parent / "bundled.jsonl"
_HEAD_BYTES = 65_536


class Reader(Protocol):
    """What a module of ``READERS`` holds.

    ``HEAD``: matches the beginning of a file in this format, without leading blanks.
    """

    HEAD: re.Pattern[str]

    def read(self, path: Path) -> Iterator[Demonstration]:
        """Every dialogue of the file; MaterialError says where it is wrong."""


# The formats in the order in which they are tried: those with an unmistakable beginning come first.
READERS = {
    name: f"crowdglot.dialogues.readers.{name}"
    for name in (
        "jsonl", "xpersona", "parlai", "parquet_table", "synthetic_persona_chat", "json_table",
        "csv_table",
    )
}  # fmt: skip


def read_demonstrations(source: str) -> tuple[Demonstration, ...]:
    """All demonstrations of "bundled", of a file, or of "hf:org/name[@revision][:files]".

    Identical dialogues are kept once. MaterialError where the source is missing or damaged.
    """
    # That module imports this one, so it is imported here.
    from crowdglot.dialogues.repository import read_repository

    found: Iterable[Demonstration]
    if source == "bundled":
        found = (replace(demonstration, source=source) for demonstration in read_file(BUNDLED))
    else:
        found = read_repository(source) if source.startswith("hf:") else read_file(Path(source))
    unique: dict[str, Demonstration] = {}
    for demonstration in found:
        unique.setdefault(demonstration.id, demonstration)
    return tuple(unique.values())


def personas_of(demonstrations: Iterable[Demonstration]) -> tuple[Persona, ...]:
    """Every persona of the demonstrations once, in order of appearance."""
    return tuple(
        dict.fromkeys(p for demonstration in demonstrations for p in demonstration.personas if p)
    )


def sniff(path: Path) -> str:
    """The name of the reader for ``path``, by its content; MaterialError if none fits."""
    missing = 'no such file; give a file, "bundled" or "hf:org/name"'
    with reading(path, missing), path.open("rb") as file:
        head = file.read(_HEAD_BYTES).decode("utf-8-sig", errors="replace").lstrip()
    for name in READERS:
        if _reader(name).HEAD.match(head):
            return name
    raise MaterialError(
        f"{path}: unknown format; give PersonaChat in ParlAI's text format, XPersona JSON, "
        "Synthetic-Persona-Chat CSV, our JSON lines, or a table with a column 'dialogue'."
    )


def read_file(path: Path) -> Iterator[Demonstration]:
    """Every demonstration of a local file of any known format; MaterialError if there is none."""
    found = False
    for demonstration in _reader(sniff(path)).read(path):
        found = True
        yield demonstration
    if not found:
        raise MaterialError(
            f"{path}: no dialogue found (those with placeholders such as [name] do not count); "
            "give a file with at least one."
        )


def _reader(name: str) -> Reader:
    return cast(Reader, import_module(READERS[name]))
