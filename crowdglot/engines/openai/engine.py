"""Any server that speaks OpenAI's chat completions: vLLM, llama.cpp, SGLang, Ollama, a provider.

Plain aiohttp: it costs the least of all clients that were measured. Nothing is computed for a
request that could be computed once.
"""

import asyncio
import json
import logging
from typing import Any, NoReturn, Self

import aiohttp
import orjson
from pydantic import SecretStr

from crowdglot.engines.chat import request_body
from crowdglot.engines.engine import Completion, Request
from crowdglot.engines.openai.addresses import read_addresses
from crowdglot.engines.openai.answer import Again, Fault, judge_status, read_answer, server_words
from crowdglot.engines.openai.endpoints import Endpoint, Endpoints
from crowdglot.engines.openai.exchange import Reply, checked_key, open_session, post
from crowdglot.engines.openai.health import Health
from crowdglot.engines.openai.optional_fields import REFUSALS, extensions, refused_fields, without
from crowdglot.engines.openai.retries import Patience, backoff, retry_after
from crowdglot.engines.settings import EngineSettings
from crowdglot.errors import EngineError, EngineUnavailable, RequestRefused

_LOG = logging.getLogger(__name__)


class OpenAI:
    """A served model, on one server or on several alike.

    ``settings.model`` "": the first one that a server offers. ``settings.calls``: questions under
    way at most; on overload fewer are for a while (see ``Pressure``) and the others wait here.
    ``tries``: how often one request is sent at most, with waits that begin at ``first_wait`` and
    never exceed ``longest_wait`` seconds, whatever a Retry-After says (see ``Patience`` for what
    costs no try). The API key goes into one header and nowhere else.
    """

    kind = "openai"
    revision = ""

    def __init__(
        self,
        settings: EngineSettings,
        api_key: str | None = None,
        *,
        tries: int = 6,
        first_wait: float = 0.5,
        longest_wait: float = 60.0,
    ) -> None:
        self._addresses = read_addresses(settings.base_url)
        self._key = SecretStr(checked_key(api_key))
        self.model = settings.model
        self.concurrency = settings.calls
        self.refused: frozenset[str] = frozenset()
        self._time_out = settings.time_out
        self._tries = tries
        self._waits = (first_wait, longest_wait)
        self._answers = 0
        self._endpoints = Endpoints(self._addresses, self.concurrency)
        self._session: aiohttp.ClientSession | None = None
        self._health: Health | None = None

    @classmethod
    def from_settings(cls, settings: EngineSettings, api_key: str | None) -> Self:
        """The engine that a recipe asks for."""
        return cls(settings, api_key)

    def __repr__(self) -> str:
        places = " ".join(str(address.base) for address in self._addresses)
        return f"OpenAI({self.model!r}, base_url={places!r})"

    async def __aenter__(self) -> Self:
        """Open the connections and see that a server answers; raises EngineError at once."""
        self._session = open_session(self._key.get_secret_value(), self._time_out)
        self._endpoints = Endpoints(self._addresses, self.concurrency)
        self._health = Health(self._endpoints, self._session, self._clean, self._waits[1])
        try:
            self.model = await self._health.greet(self.model)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        """Close all connections."""
        health, self._health = self._health, None
        session, self._session = self._session, None
        if health is not None:
            await health.stop()
        if session is not None:
            await session.close()

    async def complete(self, request: Request) -> Completion:
        """Ask until an answer can be read, at most ``tries`` times."""
        before = self._answers
        patience = Patience(self._tries, before)
        failed: Endpoint | None = None
        while True:
            endpoint = await self._endpoints.take(request.messages, failed)
            try:
                completion = await self._ask(endpoint, request)
            except Again as again:
                failed, reason, fault = endpoint, self._clean(again.reason), again.fault
            except EngineError as error:
                raise type(error)(f"{endpoint}: {self._clean(str(error))}") from None
            else:
                self._answers += 1
                return completion
            finally:
                self._endpoints.give(endpoint)
            if patience.moves_on(fault, self._endpoints.others(endpoint)):
                continue
            if not patience.spend(fault, self._answers):
                told = f"{endpoint}: no usable answer in {self._tries} tries; last {reason}"
                # A server that answers others meanwhile is there: it is this question that fails.
                if fault in (Fault.ODD, Fault.LATE) and self._answers > before:
                    raise RequestRefused(f"{told}, while other questions were answered.")
                raise EngineUnavailable(f"{told}; see what the server says, then start again.")
            # A wait that the server told holds for all questions; the jitter keeps them apart.
            await asyncio.sleep(backoff(patience.tried or 1, *self._waits))

    async def _ask(self, endpoint: Endpoint, request: Request) -> Completion:
        """Ask once; note how it went as long as the question counts as under way."""
        session, health = self._session, self._health
        if session is None or health is None:
            raise EngineError("the engine is not open; enter it before asking.")
        sent = asyncio.get_running_loop().time()
        try:
            completion = await self._exchange(session, endpoint, request)
        except Again as again:
            health.failed(endpoint, again, sent)
            raise
        health.answered(endpoint)
        return completion

    async def _exchange(
        self, session: aiohttp.ClientSession, endpoint: Endpoint, request: Request
    ) -> Completion:
        """Ask, and again at once where the server names a field that it does not take."""
        clock = asyncio.get_running_loop().time
        full = {"model": self.model} | request_body(request) | extensions(request)
        while True:
            body = without(full, self.refused)
            start = clock()
            reply = await post(session, endpoint.chat, _encode(body))
            status = reply.status
            if status == 200:
                content_type = reply.headers.get("Content-Type", "")
                answer = read_answer(reply.content, content_type, clock() - start, request.logprobs)
                if isinstance(answer, Completion):
                    return answer
                status = code if type(code := answer.get("code")) is int and code > 299 else 500
            # The key is taken out before the words are cut: a part of it is too much as well.
            words = self._clean(server_words(reply.content))
            named = refused_fields(words, body) if status in REFUSALS else frozenset()
            if not named:
                self._fail(reply, status, words)
            if named - self.refused:
                _LOG.info("%s does not take %s; asking without", endpoint, ", ".join(sorted(named)))
            self.refused |= named

    def _fail(self, reply: Reply, status: int, words: str) -> NoReturn:
        """Raise what the status means."""
        if "insufficient_quota" in reply.content[:4096].decode("utf-8", "replace"):
            words = f"insufficient_quota, {words}"
        wait = retry_after(reply.headers.get("Retry-After"))
        judge_status(status, words, wait, self.model)

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
