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
from crowdglot.dialogues.readers.records import Record, each
from crowdglot.errors import MaterialError
from crowdglot.printable import name_shown
from crowdglot.scenarios.event import event_names
from crowdglot.user_files import checked_object, json_lines, unprintable

_FIELDS = ("event", "premise", "personas", "turns")
# The first line begins with one of our fields and holds turns of ours, and beside them an event or
# a premise; or personas, and the first speaker has a letter. Anything else is a table of others,
# whose speakers may have any names.
_TURN = r'.*turns" *: *\[ *\{ *"'
_OTHERS = r'(?! *: *"[^"\n]*" *, *"(?:utterance|content|value|message)")'
_LETTER = r'speaker" *: *"[A-D]"'
HEAD = re.compile(
    r'\{ *"(?=event"|premise"|personas"|turns")(?:'
    rf'(?=.*(?:event|premise)" *:){_TURN}(?:speaker|text)"{_OTHERS}'
    rf'|(?=.*personas" *:){_TURN}(?=speaker"{_OTHERS}|text")'
    rf'(?:text" *: *"(?:[^"\\\n]|\\.)*" *, *")?{_LETTER})'
)


def read(path: Path) -> Iterator[Record]:
    """Every record of the file; MaterialError where it is cut."""
    return each(json_lines(path), lambda record, where: _demonstration(record, where, path.name))


def _demonstration(read: Any, where: str, source: str) -> Demonstration:
    record = checked_object(read, where, _FIELDS)
    spoken = _spoken(record.get("turns"), where)
    event, premise = record.get("event"), record.get("premise")
    if event is not None and event not in event_names():
        raise MaterialError(
            f"{where}: field 'event' names no speech event ('{name_shown(event)}'); see "
            "`crowdglot events`."
        )
    if not isinstance(premise, str | None) or unprintable(premise or ""):
        raise MaterialError(
            f"{where}: field 'premise' is no text; write a sentence or leave it out."
        )
    facts = _facts(record.get("personas"), where)
    return assemble(spoken, facts, where=where, source=source, event=event, premise=premise or "")


def _spoken(turns: Any, where: str) -> list[tuple[str, str]]:
    """(speaker, text) of every turn; a blank text is an error here, as this format is ours."""
    if not isinstance(turns, list) or not turns:
        raise MaterialError(f"{where}: field 'turns' is missing or empty; give a list of turns.")
    spoken = []
    for number, turn in enumerate(turns, start=1):
        match turn:
            case {"speaker": str(speaker), "text": str(text), **rest} if not rest:
                if speaker not in tuple(SPEAKERS):
                    raise MaterialError(
                        f"{where}: turn {number} has the speaker '{name_shown(speaker)}'; use A, "
                        "B, C or D."
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


def _facts(personas: Any, where: str) -> dict[str, tuple[str, Any]]:
    """By speaker the field and the sentences of each persona that is not null."""
    if not isinstance(personas, list) or len(personas) > len(SPEAKERS):
        raise MaterialError(
            f"{where}: field 'personas' is not a list of at most {len(SPEAKERS)} personas; "
            "give one list of sentences (or null) for each speaker."
        )
    listed = zip(SPEAKERS, personas, strict=False)
    return {who: (f"personas.{who}", own) for who, own in listed if own is not None}
