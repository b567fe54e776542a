"""How likely texts are to a served model: asked for where servers take a text as it is.

vLLM tells it as ``prompt_logprobs``; SGLang, and others that follow OpenAI's older completions, by
``echo`` with ``logprobs``. llama.cpp and most providers do not: they refuse, or ignore the wish.
"""

from collections.abc import Sequence
from typing import Any

from crowdglot.engines.chat import completion
from crowdglot.engines.engine import Completion, Request
from crowdglot.engines.lines import Token, by_line, line_logprobs
from crowdglot.engines.openai.complaint import parse

PATH = "completions"
# What is asked in one way and then in the other, until one is answered. With 0 there is one token a
# place; SGLang takes ``logprobs: 0`` for no wish.
WAYS: tuple[dict[str, Any], ...] = ({"prompt_logprobs": 0}, {"echo": True, "logprobs": 1})
# With these a server does not take the path or a field; 500 comes from one that tries and cannot.
NOT_TAKEN = frozenset({400, 404, 405, 415, 422, 424, 500, 501})


def reading_body(model: str, request: Request, way: dict[str, Any]) -> dict[str, Any]:
    """All texts in one request; a token of an answer is the least that all servers take."""
    texts = [message.content for message in request.messages]
    return {"model": model, "prompt": texts, "max_tokens": 1, **way}


def read_lines(content: bytes, request: Request, seconds: float) -> Completion | str:
    """The completion, or why these are no log-probabilities of the texts.

    Raises ValueError where they are, but for a token that they tell nothing of.
    """
    answer, texts = parse(content), [message.content for message in request.messages]
    choices = answer.get("choices")
    told = {
        one["index"]: one
        for one in (choices if isinstance(choices, list) else ())
        if isinstance(one, dict) and type(one.get("index")) is int
    }
    if sorted(told) != list(range(len(texts))):
        return "not one answer for each text"
    try:
        tokens = [_of_prompt(told[at]) or _echoed(told[at]) for at in range(len(texts))]
        if not any(value is not None for one in tokens for _, value in one):
            return "no log-probabilities"
        lines = [by_line(text, one) for text, one in zip(texts, tokens, strict=True)]
    except (TypeError, KeyError, AttributeError):
        return "log-probabilities in no known form"
    except ValueError as fault:
        return f"log-probabilities of something else: {fault}"
    likely, whole = line_logprobs(texts, lines)
    return completion("", "stop", answer.get("usage"), seconds, likely, whole)


def _of_prompt(choice: dict[str, Any]) -> Sequence[Token]:
    """vLLM's: of each token a table of one entry, or null."""
    places = choice.get("prompt_logprobs") or ()
    entries = [[*place.values()] if place else [{}] for place in places]
    return [(_name(one.get("decoded_token")), _number(one.get("logprob"))) for (one,) in entries]


def _echoed(choice: dict[str, Any]) -> Sequence[Token]:
    """OpenAI's older: two lists of one length, of the prompt and of the answer."""
    told = choice.get("logprobs") or {"tokens": (), "token_logprobs": ()}
    pairs = zip(told["tokens"], told["token_logprobs"], strict=True)
    return [(_name(name), _number(value)) for name, value in pairs]


def _name(told: object) -> str:
    return told if isinstance(told, str) else ""


def _number(told: object) -> float | None:
    return float(told) if isinstance(told, int | float) and type(told) is not bool else None
