"""Text of which the traits are known: what a judge is tried on, and a classifier trained on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crowdglot.bounded_files import read_head
from crowdglot.errors import MaterialError
from crowdglot.languages.language import resolve_language
from crowdglot.strict_toml import read_toml
from crowdglot.user_files import checked_object, json_lines
from crowdglot.user_tables import Note, csv_rows

OURS = Path(__file__).parent / "labelled.toml"
_FIELDS = ("text", "trait", "value", "language")


@dataclass(frozen=True, slots=True)
class Labelled:
    """``text`` by somebody whose ``trait`` has this ``value``; ``language``: its tag, or "" where
    nobody says, so that it counts for every language."""

    text: str
    trait: str
    value: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody who tells traits is asked: which of ``values`` of the trait ``key`` it is, as
    the texts ``known`` show them. ``role``: a name for the answers."""

    role: str
    key: str
    values: Sequence[str]
    known: Sequence[Labelled]


def read_labelled(path: Path) -> list[Labelled]:
    """A user's file: JSON lines, or a table as text, with text, trait, value and perhaps language.

    MaterialError names the record where a field is missing or empty.
    """
    head = read_head(path, "no such file; give one of labelled texts")
    rows: Iterator[tuple[str, Any]] = (
        json_lines(path) if head.startswith("{") else csv_rows(path, _FIELDS[:3])
    )
    found = [_labelled(row, where) for where, row in rows if not isinstance(row, Note)]
    if not found:
        raise MaterialError(f"{path}: no labelled text in it; give one a line.")
    return found


def _labelled(row: Any, where: str) -> Labelled:
    record = checked_object(row, where, _FIELDS)
    told = [record.get(name) for name in _FIELDS[:3]]
    for name, value in zip(_FIELDS, told, strict=False):
        if not isinstance(value, str) or not value.strip():
            raise MaterialError(f"{where}: field '{name}' is missing, empty or no text; write it.")
    tag = record.get("language") or ""
    text, trait, value = (str(one).strip() for one in told)
    return Labelled(text, trait, value, resolve_language(str(tag)).tag if tag else "")


def our_labelled() -> list[Labelled]:
    """Texts of ours, for the traits of manner."""
    return [
        Labelled(text, trait, value, tag)
        for tag, traits in read_toml(OURS).items()
        for trait, values in traits.items()
        for value, texts in values.items()
        for text in texts
    ]


def fitting(
    texts: Sequence[Labelled], language: str, trait: str, values: Sequence[str]
) -> list[Labelled]:
    """Those of this trait and one of these values that count for a language."""
    code = language.partition("-")[0]
    return [
        one
        for one in texts
        if one.trait == trait and one.value in values
        if not one.language or one.language.partition("-")[0] == code
    ]
