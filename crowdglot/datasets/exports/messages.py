"""``messages``: chat messages, which most trainers and chat templates read."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from crowdglot.datasets.exports.making.dialogues import Told
from crowdglot.datasets.exports.making.export import JSON_LINES, Made, Record, Wanted
from crowdglot.datasets.exports.making.views import chat_records

FILES = JSON_LINES
REJECTED = False
LIMIT = None


def records(dialogues: Iterable[Told], wanted: Wanted) -> Iterator[Record]:
    """A record for every view."""
    return chat_records(dialogues, wanted, lambda _, messages: {"messages": messages})


def finish(folder: Path, made: Made) -> None:
    """Nothing stands beside the records."""
