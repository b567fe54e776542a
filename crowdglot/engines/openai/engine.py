"""Any server that speaks OpenAI's chat completions: vLLM, llama.cpp, SGLang, Ollama, a provider.

Plain aiohttp: it costs the least of all clients that were measured.
"""

import asyncio
import json
import logging
from dataclasses import replace
from typing import Any, Self

import aiohttp
import orjson
from pydantic import SecretStr

from crowdglot.engines.chat import request_body
from crowdglot.engines.engine import Completion, Request
from crowdglot.engines.openai.addresses import read_addresses
from crowdglot.engines.openai.answer import judge_complaint, read_answer
from crowdglot.engines.openai.endpoints import Endpoint, Endpoints
from crowdglot.engines.openai.exchange import Again, Fault, checked_key, open_session, send
from crowdglot.engines.openai.health import Health
from crowdglot.engines.openai.optional_fields import (
    dropped,
    extensions,
    fewer_logprobs,
    refused_fields,
    without,
)
from crowdglot.engines.openai.reading import Reader
from crowdglot.engines.openai.retries import Patience, backoff
from crowdglot.engines.settings import EngineSettings
from crowdglot.errors import EngineError, EngineUnavailable, RequestRefused

_LOG = logging.getLogger(__name__)


class OpenAI:
    """A served model, on one server or on several alike.

    ``settings.model`` "": the first one that a server offers. ``settings.calls``: questions under
    way at most; on overload fewer are for a while (see ``Pressure``) and the others wait here.
    ``tries``: how often one request is sent at most (see ``Patience``); ``waits``: the first wait
    and the longest, in seconds, whatever a Retry-After says. The API key goes into one header and
    nowhere else.
    """

    kind = "openai"
    revision = ""
    tries = 6
    waits = 0.5, 60.0

    def __init__(self, settings: EngineSettings, api_key: str | None = None) -> None:
        self._addresses = read_addresses(settings.base_url)
        self._key = SecretStr(checked_key(api_key))
        self.model = settings.model
        self.concurrency = settings.calls
        self.refused: frozenset[str] = frozenset()
        self._most_logprobs = 20  # what OpenAI's interface allows
        self._reader = Reader(self._clean)
        self._time_out = settings.time_out
        self._answers = 0
        self._health: Health | None = None

    async def __aenter__(self) -> Self:
        """Open the connections and see that a server answers; raises EngineError at once."""
        session = open_session(self._key.get_secret_value(), self._time_out)
        endpoints = Endpoints(self._addresses, self.concurrency)
        self._health = Health(endpoints, session, self._clean, self.waits[1])
        try:
            self.model = await self._health.greet(self.model)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        """Close all connections."""
        health, self._health = self._health, None
        if health is not None:
            await health.stop()

    async def complete(self, request: Request) -> Completion:
        """Ask until an answer can be read, at most ``tries`` times."""
        before = self._answers
        patience = Patience(self.tries, before)
        failed: Endpoint | None = None
        while True:
            if (health := self._health) is None:
                raise EngineError("The openai engine is not open; enter it before asking.")
            endpoint = await health.endpoints.take(request.messages, failed)
            sent = asyncio.get_running_loop().time()
            try:
                asked = health.session, endpoint, request
                completion = await (
                    self._reader.ask(*asked, self.model) if request.scored else self._ask(*asked)
                )
            except Again as again:
                health.failed(endpoint, again, sent)
                failed, reason, fault = endpoint, self._clean(again.reason), again.fault
            except EngineError as error:
                raise type(error)(f"{endpoint}: {self._clean(str(error))}") from None
            else:
                health.answered(endpoint)
                self._answers += 1
                return completion
            finally:
                health.endpoints.give(endpoint)
            if patience.moves_on(fault, health.endpoints.others(endpoint)):
                continue
            if not patience.spend(fault, self._answers):
                told = f"{endpoint}: no usable answer in {self.tries} tries; last {reason}"
                # A server that answers others meanwhile is there: it is this question that fails.
                if fault in (Fault.ODD, Fault.LATE) and self._answers > before:
                    raise RequestRefused(f"{told}, while other questions were answered.")
                raise EngineUnavailable(f"{told}; see what the server says, then start again.")
            # A wait that the server told holds for all questions; the jitter keeps them apart.
            await asyncio.sleep(backoff(patience.tried or 1, *self.waits))

    async def _ask(
        self, session: aiohttp.ClientSession, endpoint: Endpoint, request: Request
    ) -> Completion:
        """Ask once, and again at once where the server names a field that it does not take."""
        clock = asyncio.get_running_loop().time
        full = {"model": self.model} | request_body(request) | extensions(request)
        while True:
            left_out, start = self.refused, clock()
            body = without(full, left_out)
            if "top_logprobs" in body:
                body["top_logprobs"] = min(body["top_logprobs"], self._most_logprobs)
            reply = await send(session, "POST", endpoint.chat, _encode(body))
            answer = read_answer(reply, clock() - start, request.logprobs)
            if isinstance(answer, Completion):
                return replace(answer, dropped=dropped(full, left_out))
            # The key is taken out before the words are cut: a part of it is too much as well.
            said = answer.cleaned(self._clean)
            if not (named := refused_fields(said, body)):
                judge_complaint(reply, said, self.model)
            if fewer := fewer_logprobs(said, body):
                self._most_logprobs = min(self._most_logprobs, fewer)
                continue
            if named - self.refused:
                _LOG.info("%s does not take %s; asking without", endpoint, ", ".join(sorted(named)))
            self.refused |= named

    def _clean(self, text: str) -> str:
        """``text`` without the key, should a server have echoed it."""
        key = self._key.get_secret_value()
        return text.replace(key, "***") if key else text


def _encode(body: dict[str, Any]) -> bytes:
    """``body`` as JSON; orjson takes no lone surrogates, which a persona file may hold."""
    try:
        return orjson.dumps(body)
    except TypeError:
        return json.dumps(body).encode()
