"""Fields of a chat request that only some servers take, and how to learn which.

llama.cpp calls its penalty ``repeat_penalty``, vLLM and its relatives ``repetition_penalty``; both
ignore what they do not know. OpenAI's own servers refuse it, and some of its models refuse a
temperature. So everything is sent until a server names a field in a refusal.
"""

from typing import Any

from crowdglot.engines.engine import Request

# What a refusal says when it means the field.
_NAMES = {
    "response_format": (
        "response_format", "json_schema", "json schema", "structured output", "guided", "grammar",
    ),
    "max_tokens": ("max_completion_tokens",),
    "top_logprobs": ("logprobs",),
} | {
    name: (name,)
    for name in (
        "min_p", "repeat_penalty", "repetition_penalty", "chat_template_kwargs", "temperature",
        "top_p", "seed", "logprobs",
    )
}  # fmt: skip
# Refusals of a field come with these; 404 from routers that find no server for all fields.
REFUSALS = frozenset({400, 404, 415, 422, 501})


def extensions(request: Request) -> dict[str, Any]:
    """Fields beyond OpenAI's. Thinking is switched off: the answer is the JSON alone."""
    return {
        "min_p": request.sampling.min_p,
        "repeat_penalty": request.sampling.repeat_penalty,
        "repetition_penalty": request.sampling.repeat_penalty,
        "chat_template_kwargs": {"enable_thinking": False},
    }


def refused_fields(text: str, body: dict[str, Any]) -> frozenset[str]:
    """The fields of ``body`` that a refusal names."""
    lowered = text.lower()
    return frozenset(
        field
        for field, names in _NAMES.items()
        if field in body and any(name in lowered for name in names)
    )


def without(body: dict[str, Any], refused: frozenset[str]) -> dict[str, Any]:
    """``body`` as a server takes it that has refused these fields."""
    kept = {field: value for field, value in body.items() if field not in refused}
    if "max_tokens" in refused:
        kept["max_completion_tokens"] = body["max_tokens"]
    return kept
