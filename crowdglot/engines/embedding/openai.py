"""Vectors from any server that speaks OpenAI's embeddings: vLLM, TEI, llama.cpp, Ollama."""

import asyncio
import os
from collections.abc import Sequence
from typing import Any

import aiohttp
import numpy as np
import orjson

from crowdglot.engines.embedding.embedder import MOST_CHARACTERS, SECTION, Vectors, as_vectors
from crowdglot.engines.openai.addresses import read_addresses
from crowdglot.engines.openai.answer import judge_complaint
from crowdglot.engines.openai.complaint import complaint_of, parse
from crowdglot.engines.openai.exchange import Again, checked_key, open_session, send
from crowdglot.engines.openai.retries import backoff
from crowdglot.engines.settings import EmbeddingSettings
from crowdglot.errors import ConfigurationError, EngineError, EngineUnavailable, RequestRefused

_TEXTS = 32  # in one question
_AT_A_TIME = 4  # questions
_FEWEST = 64  # characters that fit any model
_TRIES, _WAITS = 5, (0.5, 30.0)


class OpenAIVectors:
    """``settings.base_url``: of one server.

    The server knows how much of a text its model reads: one that is refused is cut by halves.
    """

    def __init__(self, settings: EmbeddingSettings) -> None:
        self._address, *others = read_addresses(settings.base_url, SECTION)
        if others:
            raise ConfigurationError(f"{SECTION}.base_url names several servers; name one.")
        self.model = settings.model
        self._key = checked_key(os.environ.get(settings.api_key_env))
        self._time_out = settings.time_out
        self._room = asyncio.Semaphore(_AT_A_TIME)
        self._session: aiohttp.ClientSession

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder``; asks again what failed for a moment."""
        return as_vectors(asyncio.run(self._all(texts)), len(texts), str(self._address.base))

    async def _all(self, texts: Sequence[str]) -> list[Any]:
        read = [text[:MOST_CHARACTERS] for text in texts]
        parts = [read[start : start + _TEXTS] for start in range(0, len(read), _TEXTS)]
        async with open_session(self._key, self._time_out) as self._session:
            answers = await asyncio.gather(*map(self._fitting, parts))
        return [row for part in answers for row in part]

    async def _fitting(self, texts: Sequence[str]) -> list[Any]:
        """The vectors of ``texts``; where they are refused, of each alone, cut until it fits."""
        try:
            return await self._patiently(texts)
        except RequestRefused:
            if len(texts) > 1:
                return [row for text in texts for row in await self._fitting([text])]
            if len(texts[0]) <= _FEWEST:
                raise
        return await self._fitting([texts[0][: len(texts[0]) // 2]])

    async def _patiently(self, texts: Sequence[str]) -> list[Any]:
        for tried in range(1, _TRIES + 1):
            try:
                async with self._room:
                    return await self._ask(texts)
            except Again as fault:
                reason, wait = fault.reason, fault.wait
            if tried < _TRIES:
                await asyncio.sleep(max(backoff(tried, *_WAITS), min(wait, _WAITS[1])))
        raise EngineUnavailable(
            f"{self._address.base}: no vectors in {_TRIES} tries; last {self._clean(reason)}; "
            "see what the server says, then run the same again."
        )

    async def _ask(self, texts: Sequence[str]) -> list[Any]:
        body = {"model": self.model, "input": texts}
        try:
            there = self._address.at("embeddings")
            reply = await send(self._session, "POST", there, orjson.dumps(body))
            if reply.status != 200:
                said = complaint_of(reply.content, reply.status).cleaned(self._clean)
                judge_complaint(reply, said, self.model, SECTION)
        except EngineError as error:
            sentence = f"{self._address.base}: {self._clean(str(error))}"
            raise type(error)(sentence) from None
        try:
            found = sorted(parse(reply.content)["data"], key=lambda one: one["index"])
            told = [one["embedding"] for one in found]
            # An array takes a fourth of the memory of a list.
            rows = [np.array(row, np.float64) if isinstance(row, list) else row for row in told]
        except (ValueError, KeyError, TypeError, OverflowError):
            rows = []
        if len(rows) != len(texts):
            raise Again("the answer holds no vectors, or not one for each text")
        return rows

    def _clean(self, text: str) -> str:
        return text.replace(self._key, "***") if self._key else text
