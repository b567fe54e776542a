"""Answers that only follow the schema: for tests, previews and dry runs without a model."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Self

from crowdglot.engines.engine import Completion, Request
from crowdglot.engines.settings import EngineSettings
from crowdglot.errors import EngineError


class Scripted:
    """Each required text names its key and the seed. ``latency``: seconds before each answer."""

    kind = "scripted"
    revision = ""
    latency = 0.0

    def __init__(self, settings: EngineSettings, _api_key: str | None = None) -> None:
        self.model = settings.model or self.kind
        self.concurrency = settings.calls
        self._open = False

    async def __aenter__(self) -> Self:
        self._open = True
        return self

    async def __aexit__(self, *error: object) -> None:
        self._open = False

    async def complete(self, request: Request) -> Completion:
        """The answer to this very request; a word counts as a token."""
        if not self._open:
            raise EngineError("The scripted engine is not open; enter it before asking.")
        await asyncio.sleep(self.latency)
        words = _filled(request.schema, request.seed).split(" ")
        kept = words[: request.sampling.max_tokens]
        reason = "stop" if kept == words else "length"
        asked = sum(len(message.content.split()) for message in request.messages)
        return Completion(" ".join(kept), reason, asked, len(kept), self.latency)


def _filled(schema: Mapping[str, Any], seed: int) -> str:
    if not schema:
        return f"An answer of draft {seed}."
    fixed = {"integer": seed, "number": float(seed), "boolean": seed % 2 == 0, "null": None}
    kinds = {key: schema["properties"][key].get("type") for key in schema.get("required", ())}
    return json.dumps(
        {key: fixed.get(kind, f"Turn {key} of draft {seed}.") for key, kind in kinds.items()}
    )
