"""``messages``: chat messages, which most trainers and chat templates read."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from crowdglot.datasets.exports.making.dialogues import Told
from crowdglot.datasets.exports.making.export import (
    JSON_LINES,
    Made,
    Record,
    Wanted,
    chat_tokens,
)
from crowdglot.datasets.exports.making.views import View, views

FILES = JSON_LINES
REJECTED = False
LIMIT = None


def records(dialogues: Iterable[Told], wanted: Wanted) -> Iterator[Record]:
    """A record for every view."""
    for view in views(dialogues, wanted.noted):
        yield chat_record(view, folded=wanted.folded)


def chat_record(view: View, *, folded: bool) -> Record:
    """A view as chat messages, with what it is about."""
    messages = view.messages(folded=folded)
    return Record(view.split, {**view.about, "messages": messages}, chat_tokens(messages))


def finish(folder: Path, made: Made) -> None:
    """Nothing stands beside the records."""
