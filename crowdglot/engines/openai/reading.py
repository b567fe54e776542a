"""How likely texts are to a served model: asked for where servers take a text as it is.

vLLM tells it as ``prompt_logprobs``; SGLang, and others that follow OpenAI's older completions, by
``echo`` with ``logprobs``. llama.cpp and most providers do not: they refuse, or ignore the wish.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import aiohttp

from crowdglot.engines.chat import completion
from crowdglot.engines.engine import Completion, Request
from crowdglot.engines.lines import Token, by_line, line_logprobs
from crowdglot.engines.openai.answer import judge_complaint
from crowdglot.engines.openai.complaint import complaint_of, parse
from crowdglot.engines.openai.endpoints import Endpoint
from crowdglot.engines.openai.exchange import Reply, send
from crowdglot.errors import RequestRefused

# What is asked in one way and then in the other, until one is answered. With 0 there is one token a
# place; SGLang takes ``logprobs: 0`` for no wish.
_WAYS: tuple[dict[str, Any], ...] = ({"prompt_logprobs": 0}, {"echo": True, "logprobs": 1})
# With these a server does not take the path or a field; 500 comes from one that tries and cannot.
_NOT_TAKEN = frozenset({400, 404, 405, 415, 422, 424, 500, 501})


class Reader:
    """Asks the servers of one engine, and learns by the first question in which way they tell it,
    or that they do not. ``clean`` takes the key out of what a server said."""

    def __init__(self, clean: Callable[[str], str]) -> None:
        self._clean = clean
        self._ways = _WAYS
        self._silence = ""  # the sentence that says that they do not tell it

    async def ask(
        self, session: aiohttp.ClientSession, endpoint: Endpoint, request: Request, model: str
    ) -> Completion:
        """The means of all lines; raises RequestRefused where the server does not tell them, Again
        and others as any question does."""
        if self._silence:
            raise RequestRefused(self._silence)
        reasons, clock = list[str](), asyncio.get_running_loop().time
        texts = [message.content for message in request.messages]
        for way in self._ways:
            # A token of an answer is the least that all servers take.
            body, start = {"model": model, "prompt": texts, "max_tokens": 1, **way}, clock()
            there = endpoint.address.at("completions")
            reply = await send(session, "POST", there, json.dumps(body).encode())
            told = self._read(reply, texts, model, clock() - start)
            if isinstance(told, Completion):
                self._ways = (way,)
                return told
            reasons.append(told)
        sentence = (
            f"the server does not tell how likely a text is ({'; '.join(dict.fromkeys(reasons))});"
            " vLLM and SGLang do, and so does the engine 'transformers'."
        )
        if len(self._ways) > 1:
            self._silence = sentence
        raise RequestRefused(sentence)

    def _read(
        self, reply: Reply, texts: Sequence[str], model: str, seconds: float
    ) -> Completion | str:
        """What a reply tells, or why it tells nothing."""
        if reply.status == 200:
            try:
                return read_lines(reply.content, texts, seconds)
            except ValueError as fault:
                words = f"the server does not tell all of a text: {fault}."
                raise RequestRefused(words) from None
        said = complaint_of(reply.content, reply.status).cleaned(self._clean)
        if reply.status not in _NOT_TAKEN or said.of_context or len(self._ways) == 1:
            judge_complaint(reply, said, model)
        return f"{reply.status}: {said.words[:100]}"


def read_lines(content: bytes, texts: Sequence[str], seconds: float) -> Completion | str:
    """The completion, or why these are no log-probabilities of the texts.

    Raises ValueError where they are, but for a token that they tell nothing of.
    """
    answer = parse(content)
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
    except (TypeError, KeyError, AttributeError, OverflowError):
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
