"""Answers computed by a function or read from a list: for tests, previews and dry runs."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

from crowdglot.engines.engine import Completion, Request
from crowdglot.engines.settings import EngineSettings
from crowdglot.errors import EngineError

Answer = str | Completion | Exception


def filled_schema(request: Request) -> str:
    """JSON that follows the request's schema: each required text names its key and the seed."""
    if not request.schema:
        return f"An answer of draft {request.seed}."
    keys: Sequence[str] = request.schema.get("required", ())
    properties: dict[str, Any] = dict(request.schema.get("properties", {}))
    return json.dumps({key: _value(properties.get(key, {}), key, request.seed) for key in keys})


def _value(schema: dict[str, Any], key: str, seed: int) -> Any:
    fixed = {"integer": seed, "number": float(seed), "boolean": seed % 2 == 0, "null": None}
    return fixed.get(str(schema.get("type", "string")), f"Turn {key} of draft {seed}.")


class Scripted:
    """``answers``: a function of the request, or one answer after another (then it is an error).

    An answer that is an exception is raised. ``latency``: seconds before each answer, or a
    function of the request. ``calls`` counts what was asked, ``peak`` the most at one time.
    """

    kind = "scripted"

    def __init__(
        self,
        answers: Callable[[Request], Answer] | Sequence[Answer] = filled_schema,
        *,
        model: str = "scripted",
        concurrency: int = 1,
        latency: float | Callable[[Request], float] = 0.0,
    ) -> None:
        self.model = model
        self.revision = ""
        self.concurrency = concurrency
        self.calls = 0
        self.running = 0
        self.peak = 0
        self._answers = answers
        self._latency = latency
        self._gate = asyncio.Semaphore(concurrency)
        self._open = False

    @classmethod
    def from_settings(cls, settings: EngineSettings, _api_key: str | None) -> Self:
        """An engine that fills the schema."""
        return cls(model=settings.model or "scripted", concurrency=settings.calls)

    async def __aenter__(self) -> Self:
        """Nothing to load."""
        self._open = True
        return self

    async def __aexit__(self, *error: object) -> None:
        """Nothing to free."""
        self._open = False

    async def complete(self, request: Request) -> Completion:
        """The next answer, after the latency; raises what the script tells."""
        if not self._open:
            raise EngineError("The scripted engine is not open; enter it before asking.")
        async with self._gate:
            self.running += 1
            self.peak = max(self.peak, self.running)
            start = time.perf_counter()
            try:
                answer = self._next(request)
                wait = self._latency(request) if callable(self._latency) else self._latency
                await asyncio.sleep(wait)
            finally:
                self.running -= 1
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Completion):
            return answer
        return _cut(answer, request, time.perf_counter() - start)

    def _next(self, request: Request) -> Answer:
        number, self.calls = self.calls, self.calls + 1
        if callable(self._answers):
            return self._answers(request)
        if number >= len(self._answers):
            raise EngineError(
                f"The script has {len(self._answers)} answers and one more was asked."
            )
        return self._answers[number]


def _cut(text: str, request: Request, seconds: float) -> Completion:
    """A word counts as a token."""
    words = text.split(" ")
    whole = len(words) <= request.sampling.max_tokens
    kept = words[: request.sampling.max_tokens]
    asked = sum(len(message.content.split()) for message in request.messages)
    return Completion(" ".join(kept), "stop" if whole else "length", asked, len(kept), seconds)
