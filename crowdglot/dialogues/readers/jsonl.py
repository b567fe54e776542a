"""Our own JSON lines, one demonstration a line.

{"event": "small_talk", "premise": "…", "personas": [["I …"], null], "turns":
[{"speaker": "A", "text": "…"}, …]}; "event" and "premise" may be missing, a persona may be null.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers.assembly import SPEAKERS, assemble
from crowdglot.errors import MaterialError
from crowdglot.personas.normalise import looks_english
from crowdglot.personas.persona import Persona
from crowdglot.personas.reading import persona_of
from crowdglot.scenarios.event import event_names
from crowdglot.user_files import json_lines

_FIELDS = ("event", "premise", "personas", "turns")
_HEAD = re.compile(
    r'\{\s*"(?=event"|premise"|personas"|turns").*turns"\s*:\s*\[\s*\{\s*"(?:speaker|text)"'
)


def recognises(head: str) -> bool:
    """Whether the first line begins with one of our fields and holds turns of ours."""
    return _HEAD.match(head.split("\n", 1)[0]) is not None


def read(path: Path) -> Iterator[Demonstration]:
    """Every demonstration of the file; MaterialError names the line and field that is wrong."""
    english: bool | None = None
    for where, record in json_lines(path, _FIELDS):
        spoken = _spoken(record.get("turns"), where)
        if english is None:
            english = looks_english(text for _, text in spoken)
        yield assemble(
            spoken,
            _personas(record.get("personas"), where, english),
            where=where,
            source=path.name,
            english=english,
            event=_event(record.get("event"), where),
            premise=_premise(record.get("premise"), where),
        )


def _spoken(turns: Any, where: str) -> list[tuple[str, str]]:
    """(speaker, text) of every turn; a blank text is an error here, as this format is ours."""
    if not isinstance(turns, list) or not turns:
        raise MaterialError(f"{where}: field 'turns' is missing or empty; give a list of turns.")
    spoken = []
    for number, turn in enumerate(turns, start=1):
        match turn:
            case {"speaker": str(speaker), "text": str(text), **rest} if not rest:
                if speaker not in SPEAKERS or len(speaker) != 1:
                    raise MaterialError(
                        f"{where}: turn {number} has the speaker '{speaker}'; use A, B, C or D."
                    )
                if not text.strip():
                    raise MaterialError(f"{where}: turn {number} has no text; write or delete it.")
                spoken.append((speaker, text))
            case _:
                raise MaterialError(
                    f"{where}: turn {number} of field 'turns' is not "
                    '{"speaker": …, "text": …}; write it so.'
                )
    return spoken


def _personas(personas: Any, where: str, english: bool) -> dict[str, Persona | None]:
    """The persona of each letter."""
    if not isinstance(personas, list) or len(personas) > len(SPEAKERS):
        raise MaterialError(
            f"{where}: field 'personas' is not a list of at most {len(SPEAKERS)} personas; "
            "give one list of sentences (or null) for each speaker."
        )
    return {
        letter: None
        if facts is None
        else persona_of(facts, where, f"personas.{letter}", english=english)
        for letter, facts in zip(SPEAKERS, personas, strict=False)
    }


def _event(event: Any, where: str) -> str | None:
    if event is None or (isinstance(event, str) and event in event_names()):
        return event
    raise MaterialError(
        f"{where}: field 'event' names no speech event ('{event}'); see `crowdglot events`."
    )


def _premise(premise: Any, where: str) -> str:
    if isinstance(premise, str | None):
        return premise or ""
    raise MaterialError(f"{where}: field 'premise' is no text; write a sentence or leave it out.")
