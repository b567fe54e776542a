"""``sharegpt``: conversations whose turns are ``from`` system, human or gpt."""

from collections.abc import Iterable

from crowdglot.datasets.exports.making.export import Export
from crowdglot.datasets.exports.making.views import chat_records

_ROLES = {"system": "system", "user": "human", "assistant": "gpt"}


def renamed(messages: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Chat messages under the names of ShareGPT."""
    return [{"from": _ROLES[one["role"]], "value": one["content"]} for one in messages]


EXPORT = Export(chat_records(lambda view, messages, folded: {"conversations": renamed(messages)}))
