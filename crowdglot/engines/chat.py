"""The OpenAI chat format, as far as engines need it: a request as a body, an answer as text."""

from typing import Any

from crowdglot.engines.calls import REFUSED
from crowdglot.engines.engine import Completion, Request
from crowdglot.printable import label, whole

# Some servers cut or refuse seeds above 32 bits, and 2**32 - 1 means "random" to llama.cpp.
_SEEDS = 2**31 - 1
# Servers say -9999 for what they hold impossible; what is below this is no number they mean.
_LEAST_LOGPROB = -1e6
MOST_REASON = 60  # characters of a finish reason


def request_body(request: Request) -> dict[str, Any]:
    """The fields of OpenAI's own interface."""
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
    if request.logprobs:
        body |= {"logprobs": True, "top_logprobs": request.logprobs}
    return body


def completion(
    text: str,
    finish_reason: object,
    usage: object,
    seconds: float,
    logprobs: tuple[tuple[str, float], ...] = (),
    prompt_logprob: float | None = None,
) -> Completion:
    """A Completion from a server's words, whatever their types."""
    counts = usage if isinstance(usage, dict) else {}
    reason = label(finish_reason, MOST_REASON) if isinstance(finish_reason, str) else ""
    if reason == REFUSED:  # which is ours: no answer at all
        reason = f"{REFUSED} by the server"
    return Completion(
        text=whole(text),
        finish_reason=reason or "stop",
        prompt_tokens=_count(counts.get("prompt_tokens")),
        completion_tokens=_count(counts.get("completion_tokens")),
        seconds=seconds,
        logprobs=logprobs,
        prompt_logprob=prompt_logprob,
    )


def first_logprobs(choice: dict[str, Any], most: int) -> tuple[tuple[str, float], ...]:
    """The first token's ``most`` likeliest alternatives in a choice of an answer, likeliest first.

    Whatever is not a text with a logarithm of a probability is left out.
    """
    try:
        told = choice["logprobs"]["content"][0]["top_logprobs"]
    except (KeyError, IndexError, TypeError):
        return ()
    pairs = [
        (whole(one["token"]), float(one["logprob"]))
        for one in (told if isinstance(told, list) else ())
        if isinstance(one, dict)
        and isinstance(one.get("token"), str)
        and type(one.get("logprob")) in (int, float)
        and _LEAST_LOGPROB <= one["logprob"] <= 0
    ]
    return tuple(sorted(pairs, key=lambda pair: -pair[1])[:most])


def _count(value: object) -> int:
    return value if type(value) is int and 0 <= value < 2**31 else 0
