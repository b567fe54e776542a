"""``sharegpt``: conversations whose turns are ``from`` system, human or gpt."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from crowdglot.datasets.exports.making.dialogues import Told
from crowdglot.datasets.exports.making.export import JSON_LINES, Made, Record, Wanted
from crowdglot.datasets.exports.making.views import chat_records

FILES = JSON_LINES
REJECTED = False
LIMIT = None
_ROLES = {"system": "system", "user": "human", "assistant": "gpt"}


def records(dialogues: Iterable[Told], wanted: Wanted) -> Iterator[Record]:
    """A record for every view."""
    return chat_records(dialogues, wanted, lambda _, told: {"conversations": renamed(told)})


def renamed(messages: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Chat messages under the names of ShareGPT."""
    return [{"from": _ROLES[one["role"]], "value": one["content"]} for one in messages]


def finish(folder: Path, made: Made) -> None:
    """Nothing stands beside the records."""
