"""Personas from our own JSON lines: one {"facts": ["I ...", ...]} a line."""

from functools import lru_cache
from pathlib import Path

from crowdglot.errors import MaterialError
from crowdglot.personas.persona import Persona, persona_of
from crowdglot.user_files import checked_object, json_lines

BUNDLED = Path(__file__).parent / "bundled.jsonl"


def read_personas(path: Path) -> tuple[Persona, ...]:
    """All personas of the file, in order and without repetition.

    MaterialError names file, line and field where one is missing, empty or misspelt.
    """
    personas: dict[Persona, None] = {}
    for where, read in json_lines(path):
        record = checked_object(read, where, ("facts",))
        if "facts" not in record:
            raise MaterialError(f"{where}: field 'facts' is missing; give a list of sentences.")
        personas[persona_of(record["facts"], where, "facts")] = None
    return tuple(personas)


@lru_cache(maxsize=1)
def bundled_personas() -> tuple[Persona, ...]:
    """The personas that come with crowdglot."""
    return read_personas(BUNDLED)
