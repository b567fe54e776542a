"""XPersona's JSON: [{"persona": [sentence, …], "dialogue": [[partner, self], …]}, …].

The one persona given belongs to "self", the second speaker of every pair. "__SILENCE__" stands
where the partner had not spoken yet.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers.assembly import assemble
from crowdglot.errors import MaterialError
from crowdglot.personas.normalise import looks_english
from crowdglot.personas.reading import persona_of
from crowdglot.user_files import parse_json, read_text

_HEAD = re.compile(r'\[\s*\{[^{}]*"dialogue"\s*:\s*\[\s*\[')


def recognises(head: str) -> bool:
    """Whether the first record of a list holds pairs under "dialogue"."""
    return _HEAD.match(head) is not None


def read(path: Path) -> Iterator[Demonstration]:
    """Every dialogue of the file; MaterialError names the record and field that is wrong."""
    records = parse_json(read_text(path), str(path))
    if not isinstance(records, list) or not records:
        raise MaterialError(f"{path}: no list of dialogues; give XPersona's JSON as published.")
    english: bool | None = None
    for number, record in enumerate(records, start=1):
        where = f"{path}, record {number}"
        spoken = _spoken(record, where)
        if english is None:
            english = looks_english(text for _, text in spoken)
        persona = persona_of(record.get("persona"), where, "persona", english=english)
        yield assemble(spoken, {"self": persona}, where=where, source=path.name, english=english)


def _spoken(record: Any, where: str) -> list[tuple[str, str]]:
    """What was said, in order, with who said it."""
    pairs = record.get("dialogue") if isinstance(record, dict) else None
    if not isinstance(pairs, list) or not pairs:
        raise MaterialError(f"{where}: field 'dialogue' is missing or empty; give pairs of turns.")
    spoken: list[tuple[str, str]] = []
    for at, pair in enumerate(pairs, start=1):
        texts = isinstance(pair, list) and len(pair) == 2 and all(isinstance(t, str) for t in pair)
        if not texts:
            raise MaterialError(
                f"{where}: pair {at} of field 'dialogue' is not two texts; complete it."
            )
        spoken += zip(("partner", "self"), pair, strict=True)
    return spoken
