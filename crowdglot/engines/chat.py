"""The OpenAI chat format, as far as engines need it: a request as a body, an answer as text."""

from typing import Any

from crowdglot.engines.engine import Completion, Request

# Seeds above 32 bits are cut or refused by some servers, and 2**32 - 1 means "random" to llama.cpp.
_SEEDS = 2**31 - 1


def request_body(request: Request) -> dict[str, Any]:
    """The fields that every server knows."""
    sampling = request.sampling
    body: dict[str, Any] = {
        "messages": [
            {"role": message.role, "content": message.content} for message in request.messages
        ],
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "seed": request.seed % _SEEDS,
    }
    if request.schema:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": dict(request.schema)},
        }
    return body


def completion(text: str, finish_reason: object, usage: object, seconds: float) -> Completion:
    """A Completion from a server's words, whatever their types."""
    counts = usage if isinstance(usage, dict) else {}
    return Completion(
        text=_writable(text),
        finish_reason=finish_reason if isinstance(finish_reason, str) else "stop",
        prompt_tokens=_count(counts.get("prompt_tokens")),
        completion_tokens=_count(counts.get("completion_tokens")),
        seconds=seconds,
    )


def _count(value: object) -> int:
    return value if type(value) is int and 0 <= value < 2**31 else 0


def _writable(text: str) -> str:
    """``text`` with lone surrogates replaced: JSON may carry them, UTF-8 files cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
