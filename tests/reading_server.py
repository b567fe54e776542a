"""Servers that tell how likely a text is, as those of the field do it."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from aiohttp import web

from tests.stub_server import Reply, fixed, raw


def tokens_of(text: str) -> Iterator[str]:
    """A token a word; of a character of three bytes, two of them."""
    for name in re.findall(r"\n|\S| +", text):
        yield from ("", name) if name == "你" else ("�", "�") if name == "好" else (name,)


def vllm(
    change: Callable[[Any], Any] = lambda tokens: tokens,
    likely: Callable[[int], float] = lambda at: -at / 20,
) -> Reply:
    """As vLLM tells it. ``change``: what becomes of the list of a text; ``likely``: the
    log-probability of a token by the number of those before it."""

    async def reply(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        choices = []
        for at, text in enumerate(asked["prompt"]):
            tokens = [
                {str(n + 9): {"logprob": likely(n), "rank": 1, "decoded_token": name}}
                for n, name in enumerate(["<s>", *tokens_of(text)])
            ]
            told = change([None, *tokens[1:]]) if "prompt_logprobs" in asked else None
            choices.append({"index": at, "text": " So", "prompt_logprobs": told})
        body = {"choices": choices[::-1], "usage": {"prompt_tokens": 40, "completion_tokens": 2}}
        return await raw(json.dumps(body).encode())(request, asked)

    return reply


def sglang(**changes: Any) -> Reply:
    """As SGLang, and vLLM for ``echo``, tell it: with the answer at the end."""

    async def reply(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        choices = []
        for at, text in enumerate(asked["prompt"]):
            names = ["<s>", *tokens_of(text), " So"] if asked.get("echo") else [" So"]
            values = [None, *(-n / 20 for n in range(1, len(names)))]
            told = {"tokens": names, "token_logprobs": values, "text_offset": [0] * len(names)}
            choices.append({"index": at, "text": text, "logprobs": told | changes})
        return await fixed(choices=choices)(request, asked)

    return reply
