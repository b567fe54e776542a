"""Fields of a chat request that only some servers take, and how to learn which.

llama.cpp calls its penalty ``repeat_penalty``, vLLM and its relatives ``repetition_penalty``; both
ignore what they do not know. OpenAI's own servers refuse it, and some of its models refuse a
temperature. So everything is sent until a server names a field in a refusal. The system role is
treated as such a field: where it is refused, its words go to the head of the user's message.
"""

import re
from collections.abc import Sequence
from typing import Any

from crowdglot.engines.engine import Request
from crowdglot.engines.openai.complaint import Complaint

SYSTEM = "system"
# What a refusal says when it means the field.
_NAMES = {
    "response_format": (
        "response_format", "json_schema", "json schema", "structured output", "structured outputs",
        "guided", "guided_json", "guided decoding", "grammar",
    ),
    "max_tokens": ("max_completion_tokens",),
    "logprobs": ("logprobs", "top_logprobs"),
    "top_logprobs": ("logprobs", "top_logprobs"),
    "chat_template_kwargs": ("chat_template_kwargs", "enable_thinking"),
} | {
    name: (name,)
    for name in ("min_p", "repeat_penalty", "repetition_penalty", "temperature", "top_p", "seed")
}  # fmt: skip
_PATTERNS = {
    field: re.compile(rf"(?<![a-z_])(?:{'|'.join(names)})(?![a-z_])", re.I)
    for field, names in _NAMES.items()
}
# Some servers do not say which field they do not know: one of those beyond OpenAI's, then.
_EXTENSIONS = frozenset({"min_p", "repeat_penalty", "repetition_penalty", "chat_template_kwargs"})
_UNNAMED = re.compile(
    r"\b(?:unknown|unrecogni[sz]ed|unexpected|unsupported|extra|additional|invalid) (?:request )?"
    r"(?:fields?|parameters?|arguments?|inputs?|propert(?:y|ies)|keys?)\b",
    re.I,
)
# A refusal of a number as too large, and what may be the largest that is taken.
_LIMIT = re.compile(r"\b(?:max\w*|most|between|less|greater|range|exceeds?|up to)\b|[<>≤≥]", re.I)
_COUNT = re.compile(r"(?<![\w.])\d{1,2}(?!\.?\d|\w)")
# Refusals of a field come with these; 404 from routers that find no server for all fields, 424 from
# those that pass on what another server said.
_REFUSALS = frozenset({400, 404, 415, 422, 424, 501})
# Some servers answer 500 to what they do not take. But then these words may mean something else.
_FAILURES = frozenset({500})
_ORDINARY = frozenset({"temperature", "seed"})


def extensions(request: Request) -> dict[str, Any]:
    """Fields beyond OpenAI's. Thinking is switched off: the answer is the JSON alone."""
    return {
        "min_p": request.sampling.min_p,
        "repeat_penalty": request.sampling.repeat_penalty,
        "repetition_penalty": request.sampling.repeat_penalty,
        "chat_template_kwargs": {"enable_thinking": False},
    }


def refused_fields(said: Complaint, body: dict[str, Any]) -> frozenset[str]:
    """The fields of ``body`` that a complaint means; ``SYSTEM`` where it means the system role."""
    if said.status not in _REFUSALS | _FAILURES or said.of_context:
        return frozenset()
    if body["messages"][0]["role"] == "system" and said.of_system:
        return frozenset({SYSTEM})
    places = {place[0] for place in said.places}
    if places & (body.keys() | {name for names in _NAMES.values() for name in names}):
        named = {field for field, names in _NAMES.items() if places & {field, *names}}
        if not re.search(r"max_completion_tokens", said.plain):
            named.discard("max_tokens")  # it is taken under no other name: its value is refused
    else:
        named = {field for field, pattern in _PATTERNS.items() if pattern.search(said.plain)}
        named -= _ORDINARY if said.status in _FAILURES else frozenset()
        if not (named or places or said.status in _FAILURES) and _UNNAMED.search(said.plain):
            named = {*_EXTENSIONS}
    if {"temperature", "top_p"} <= named and re.search(r"\bboth\b", said.plain, re.I):
        named.discard("temperature")  # of two that exclude each other, one is enough
    return frozenset(named & body.keys())


def fewer_logprobs(said: Complaint, body: dict[str, Any]) -> int:
    """How many first tokens to ask for instead, where a complaint means that ``body`` asks for too
    many; 0 where it does not. Never more than before, so that the next complaint leads lower."""
    if not (_PATTERNS["top_logprobs"].search(said.words) and _LIMIT.search(said.plain)):
        return 0
    lower = (int(count) for count in _COUNT.findall(said.plain))
    return max((one for one in lower if 0 < one < body.get("top_logprobs", 0)), default=0)


def without(body: dict[str, Any], refused: frozenset[str]) -> dict[str, Any]:
    """``body`` as a server takes it that has refused these fields."""
    kept = {field: value for field, value in body.items() if field not in refused}
    if "max_tokens" in refused:
        kept["max_completion_tokens"] = body["max_tokens"]
    if SYSTEM in refused:
        kept["messages"] = _folded(body["messages"])
    return kept


def dropped(body: dict[str, Any], refused: frozenset[str]) -> tuple[str, ...]:
    """What of ``body`` was left out, sorted; a limit that was sent by another name was not."""
    there = {*body, *([SYSTEM] if body["messages"][0]["role"] == "system" else [])}
    return tuple(sorted((refused & there) - {"max_tokens"}))


def _folded(messages: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """The system's words at the head of the user's first message."""
    first, *rest = messages
    if first["role"] != "system":
        return list(messages)
    if not rest or rest[0]["role"] != "user":
        return [{"role": "user", "content": first["content"]}, *rest]
    both = f"{first['content']}\n\n{rest[0]['content']}"
    return [{"role": "user", "content": both}, *rest[1:]]
