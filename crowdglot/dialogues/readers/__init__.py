"""Demonstrations and personas from PersonaChat-like sources: one module a format."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import cast

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.errors import MaterialError
from crowdglot.personas.persona import Persona

BUNDLED = Path(__file__).parent.parent / "bundled.jsonl"
HUB_PREFIX = "hf:"

# Each module has read(path) -> Iterator[Demonstration]; hub.read takes the whole source instead.
READERS = {
    "parlai": "crowdglot.dialogues.readers.parlai",
    "xpersona": "crowdglot.dialogues.readers.xpersona",
    "synthetic_persona_chat": "crowdglot.dialogues.readers.synthetic_persona_chat",
    "jsonl": "crowdglot.dialogues.readers.jsonl",
    "columns": "crowdglot.dialogues.readers.columns",
    "hub": "crowdglot.dialogues.readers.hub",
}

_SNIFFED_BYTES = 65_536
_XPERSONA = re.compile(r'\s*\[\s*\{[^{}]*"dialogue"\s*:\s*\[\s*\[')
_OURS = re.compile(
    r'\{\s*"(?=event"|premise"|personas"|turns").*turns"\s*:\s*\[\s*\{\s*"(?:speaker|text)"'
)
_PARLAI = re.compile(r"\s*\d+ (?:(?:your|partner's) persona:|[^\n]*\t)")


def read_demonstrations(source: str) -> tuple[Demonstration, ...]:
    """All demonstrations of "bundled", of a file, or of "hf:org/name[@revision][:files]".

    Identical dialogues are kept once. MaterialError where the source is missing or damaged.
    """
    return _read_bundled() if source == "bundled" else _unique(_read(source))


def personas_of(demonstrations: Iterable[Demonstration]) -> tuple[Persona, ...]:
    """Every persona of the demonstrations once, in order of appearance."""
    return tuple(
        dict.fromkeys(p for demonstration in demonstrations for p in demonstration.personas if p)
    )


def sniff(path: Path) -> str:
    """The name of the reader for ``path``, by its content; MaterialError if none fits."""
    try:
        with path.open("rb") as file:
            head = file.read(_SNIFFED_BYTES)
    except FileNotFoundError:
        raise MaterialError(
            f'{path}: no such file; give a file, "bundled" or "hf:org/name".'
        ) from None
    except OSError as error:
        raise MaterialError(f"{path}: cannot be read ({error.strerror}); give a file.") from None
    if head.startswith(b"PAR1"):
        return "columns"
    text = head.decode("utf-8-sig", errors="replace").lstrip()
    first_line = text.split("\n", 1)[0]
    if _PARLAI.match(text):
        return "parlai"
    if "Best Generated Conversation" in first_line and text[:1] != "{":
        return "synthetic_persona_chat"
    if _XPERSONA.match(text):
        return "xpersona"
    if _OURS.match(first_line):
        return "jsonl"
    if text[:1] in ("[", "{") or "," in first_line or not text:
        return "columns"
    raise MaterialError(
        f"{path}: unknown format; give PersonaChat in ParlAI's text format, XPersona JSON, "
        "Synthetic-Persona-Chat CSV, our JSON lines, or a table with a column 'dialogue'."
    )


def read_file(path: Path) -> Iterator[Demonstration]:
    """Every demonstration of a local file of any known format."""
    return cast(Iterator[Demonstration], import_module(READERS[sniff(path)]).read(path))


def _read(source: str) -> Iterator[Demonstration]:
    if source.startswith(HUB_PREFIX):
        return cast(Iterator[Demonstration], import_module(READERS["hub"]).read(source))
    return read_file(Path(source))


def _unique(demonstrations: Iterable[Demonstration]) -> tuple[Demonstration, ...]:
    unique: dict[str, Demonstration] = {}
    for demonstration in demonstrations:
        unique.setdefault(demonstration.id, demonstration)
    return tuple(unique.values())


@lru_cache(maxsize=1)
def _read_bundled() -> tuple[Demonstration, ...]:
    return tuple(replace(d, source="bundled") for d in read_file(BUNDLED))
