"""What a server complains of: fields of the request, the system role, a context that is too small.

Servers say it in many ways: by OpenAI's ``param``, by pydantic's ``loc`` (as JSON, as Python or as
text within a message), or in words alone. Where a place in the request is told, the words are not
searched, because many errors repeat the request, in which every field is named.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from crowdglot.printable import label

_MOST_DEEP, _MOST_READ, _MOST_WORDS = 6, 65_536, 4096
_LOC = re.compile(r"['\"]loc['\"]:\s*[\[(]([^\])]{0,200})[\])]")
_PYDANTIC = re.compile(r"^[ \t]*([A-Za-z_][\w.\[\]-]{0,100})[ \t]*\n[^\n]{0,300}\[type=", re.M)
_GO = re.compile(r"struct field \w{1,60}\.([\w.]{1,100})")
_SEPARATORS = re.compile(r"[.\[\]/]+")
_OUTSIDE = frozenset({"", "body", "root", "__root__", "request"})  # before the field, in a place
_REQUEST = re.compile(r"[\"']messages[\"']\s*:")

_CONTEXT = re.compile(
    r"context[\s_-]*(?:length|window|size|limit)|max_model_len|model token limit"
    r"|maximum (?:model|prompt|input|sequence) length|maximum number of tokens"
    r"|(?:prompt|input|request)s?`? (?:is|are|was) too (?:long|large)|too large for model with"
    r"|(?:prompt|input).{0,60}longer than"
    r"|`?inputs`? (?:tokens|must have less)|too many (?:input )?tokens|tokens? limit exceeded"
    r"|max_(?:new_|completion_|output_)?tokens\W.{0,60}(?:too large|must be (?:at least|less|<))"
    r"|at most \d+ (?:completion|output) tokens|reduce the length|keep the first \d+ tokens",
    re.I | re.S,
)
_SYSTEM = re.compile(
    r"system['\"`]?[ _-]{0,2}(?:role|message|prompt|instruction)|developer instruction"
    r"|roles must alternate|roles? should alternate|roles? are supported"
    r"|\broles?\b\W+(?:\w+\W+){0,5}?['\"`]?system\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """``status``: of HTTP, or what the content tells in its place. ``words``: what the server says,
    as one line. ``kind``: its own name of the error, or "". ``places``: where in the request it
    finds the fault, such as ("messages", "0", "role"); empty where it does not tell."""

    status: int
    words: str
    kind: str = ""
    places: tuple[tuple[str, ...], ...] = ()

    def cleaned(self, clean: Callable[[str], str]) -> "Complaint":
        """With ``clean`` words, without the key."""
        return replace(self, words=clean(self.words))

    @property
    def plain(self) -> str:
        """The words without a repeated request."""
        return _without_request(self.words)

    @property
    def of_context(self) -> bool:
        """Whether the question with its answer is longer than the model takes."""
        return self.status in (400, 413, 422, 424, 500) and bool(
            _CONTEXT.search(f"{self.kind} {self.plain}")
        )

    @property
    def of_system(self) -> bool:
        """Whether the system role is not taken."""
        at_role = any(place[0] == "messages" and place[-1] == "role" for place in self.places)
        return at_role or bool(_SYSTEM.search(self.plain))


def parse(content: bytes) -> dict[str, Any]:
    """The JSON object in ``content`` (or in a list of one), {} where there is none."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    if isinstance(answer, list) and len(answer) == 1:  # Google's errors
        answer = answer[0]
    return answer if isinstance(answer, dict) else {}


def complaint(told: object, status: int, text: str = "") -> Complaint:
    """What ``told`` (parsed JSON) says, or ``text`` where nothing could be parsed."""
    words = label(_said(told) if told else text, _MOST_WORDS)
    return Complaint(status, words, _kind(told), tuple(dict.fromkeys(_places(told or text))))


def complaint_of(content: bytes, status: int) -> Complaint:
    """The complaint in an answer's content."""
    text = content[:_MOST_READ].decode("utf-8", "replace")
    if text.lstrip().startswith("<"):
        text = "an HTML page"
    return complaint(parse(content), status, text)


def _kind(told: object) -> str:
    error = told.get("error", told) if isinstance(told, dict) else {}
    kinds = [error.get(name) for name in ("code", "type")] if isinstance(error, dict) else []
    return " ".join(kind[:100] for kind in kinds if isinstance(kind, str))


def _said(told: object, deep: int = 0) -> str:
    if isinstance(told, list) and deep < _MOST_DEEP:
        return "; ".join(_said(one, deep + 1) for one in told[:8])
    if not isinstance(told, dict) or deep == _MOST_DEEP:
        return told if isinstance(told, str) else json.dumps(told)[:_MOST_READ]
    if isinstance(told.get("loc"), list) and "msg" in told:
        return f"{'.'.join(map(str, told['loc']))}: {told['msg']}"
    keys = ("error", "detail", "message", "msg", "errors")
    said = next((_said(told[key], deep + 1) for key in keys if told.get(key)), "")
    # A router's own words say less than those of the server behind it.
    if isinstance(behind := told.get("metadata"), dict) and isinstance(behind.get("raw"), str):
        said += f": {_said(_parsed(behind['raw']), deep + 1)}"
    return said or json.dumps(told)[:_MOST_READ]


def _parsed(text: str) -> object:
    """What ``text`` holds as JSON, or ``text``."""
    return (
        parse(text.encode("utf-8", "replace")) if text.lstrip()[:1] in ("{", "[") else {}
    ) or text


def _places(told: object, deep: int = 0) -> Iterator[tuple[str, ...]]:
    """The places that are told anywhere in ``told``, but for what is repeated of the request."""
    if deep > _MOST_DEEP:
        return
    if isinstance(told, str):
        if (inner := _parsed(told)) is not told:
            yield from _places(inner, deep + 1)
        for pattern in (_LOC, _PYDANTIC, _GO):
            for found in pattern.finditer(told[:_MOST_READ]):
                yield from _place(re.split(r"[^\w-]+", found[1]))
    elif isinstance(told, list):
        for one in told[:50]:
            yield from _places(one, deep + 1)
    elif isinstance(told, dict):
        if isinstance(loc := told.get("loc"), list):
            yield from _place([str(part) for part in loc])
        if isinstance(param := told.get("param"), str) and param != "None":
            yield from _place(_SEPARATORS.split(param))
        for key, value in told.items():
            if key not in ("input", "loc", "param", "ctx"):
                yield from _places(value, deep + 1)


def _place(parts: list[str]) -> Iterator[tuple[str, ...]]:
    while parts and parts[0] in _OUTSIDE:
        parts = parts[1:]
    if named := tuple(part for part in parts if part):
        yield named


def _without_request(words: str) -> str:
    """``words`` without the object that holds the messages, should the request be repeated."""
    if not (echo := _REQUEST.search(words)):
        return words
    begin = end = words.find("{")
    if not 0 <= begin < echo.start():
        return words[: echo.start()]
    open_braces = 0
    for end in range(begin, len(words)):
        open_braces += {"{": 1, "}": -1}.get(words[end], 0)
        if not open_braces:
            break
    return words[:begin] + words[end + 1 :]
