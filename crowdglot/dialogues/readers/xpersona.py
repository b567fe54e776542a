"""XPersona's JSON: [{"persona": [sentence, …], "dialogue": [[partner, self], …]}, …].

The one persona given belongs to "self", the second speaker of every pair. The partner's
turn is "__SILENCE__" where the partner had not spoken yet.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers.assembly import assemble
from crowdglot.errors import MaterialError
from crowdglot.user_files import parse_json, read_text

HEAD = re.compile(r'\[\s*\{[^{}]*"dialogue"\s*:\s*\[\s*\[')


def read(path: Path) -> Iterator[Demonstration]:
    """Every dialogue of the file; MaterialError names the record and field that is wrong."""
    for number, record in enumerate(parse_json(read_text(path), str(path)), start=1):
        where = f"{path}, record {number}"
        pairs = record.get("dialogue") if isinstance(record, dict) else None
        if not isinstance(pairs, list) or not pairs:
            raise MaterialError(
                f"{where}: field 'dialogue' is missing or empty; give pairs of turns."
            )
        spoken: list[tuple[str, str]] = []
        for at, pair in enumerate(pairs, start=1):
            match pair:
                case [str(), str()]:
                    spoken += zip(("partner", "self"), pair, strict=True)
                case _:
                    raise MaterialError(
                        f"{where}: pair {at} of field 'dialogue' is not two texts; complete it."
                    )
        facts = {"self": ("persona", record.get("persona"))}
        yield assemble(spoken, facts, where=where, source=path.name)
