"""An answer in pieces (server-sent events), as some proxies send it though nobody asked for it."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from crowdglot.engines.openai.complaint import parse
from crowdglot.engines.openai.exchange import Again

_EVENTS = re.compile(rb"\r?\n\r?\n|\r\r")
_END = b"[DONE]"


def joined(content: bytes) -> dict[str, Any]:
    """The pieces as one chat completion, or the piece that is an error; {} where there are none.

    Raises Again where the stream was cut.
    """
    parts: defaultdict[str, list[Any]] = defaultdict(list)
    answer: dict[str, Any] = {}
    choice: dict[str, Any] = {}
    for piece in _pieces(content):
        told = _choice(piece)
        if piece.get("error") or told.get("error") or isinstance(told.get("message"), dict):
            return piece  # an error, or a whole answer as one piece
        delta = told.pop("delta", None)
        for name, some in delta.items() if isinstance(delta, dict) else ():
            parts[name] += some if isinstance(some, list) else [some]
        choice = {name: value for name, value in told.items() if value} | choice
        answer = {name: value for name, value in piece.items() if value} | answer
    if not (choice or parts):
        return {}
    if not (choice.get("finish_reason") or _END in content):
        raise Again("the streamed answer was cut before its end")
    message = {name: _whole(name, some) for name, some in parts.items()}
    return answer | {"choices": [choice | {"message": message}]}


def _whole(name: str, parts: list[Any]) -> Any:
    """A field of the message, whose parts are texts, parts of content, or parts of tool calls."""
    if name == "tool_calls":
        calls = [one for one in parts if isinstance(one, dict)]
        functions = [one["function"] for one in calls if isinstance(one.get("function"), dict)]
        told = "".join(str(one.get("arguments") or "") for one in functions)
        one_call = len({str(one.get("index")) for one in calls}) == 1
        return [{"function": {"arguments": told}}] if one_call else calls
    if all(isinstance(one, str) for one in parts):
        return "".join(parts)
    return [{"text": one} if isinstance(one, str) else one for one in parts]


def _choice(piece: dict[str, Any]) -> dict[str, Any]:
    choices = piece.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _pieces(content: bytes) -> Iterator[dict[str, Any]]:
    """Each event's object."""
    for event in _EVENTS.split(content):
        lines = [line[5:].strip() for line in event.splitlines() if line.startswith(b"data:")]
        if whole := parse(b"\n".join(lines)):
            yield whole
        else:  # some servers put no empty line between two events
            yield from filter(None, map(parse, lines))
