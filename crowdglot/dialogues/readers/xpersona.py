"""XPersona's JSON: [{"persona": [sentence, …], "dialogue": [[partner, self], …]}, …].

The one persona given belongs to "self", the second speaker of every pair. The partner's
turn is "__SILENCE__" where the partner had not spoken yet.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from crowdglot.dialogues.readers import json_table
from crowdglot.dialogues.readers.records import Record

HEAD = re.compile(r'\[\s*\{[^{}]*"dialogue"\s*:\s*\[\s*\[')


def read(path: Path) -> Iterator[Record]:
    """Every record of the file: a table whose dialogues are pairs."""
    return json_table.read(path)
