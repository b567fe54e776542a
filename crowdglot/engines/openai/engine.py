"""Any server that speaks OpenAI's chat completions: vLLM, llama.cpp, SGLang, Ollama, a provider.

Plain aiohttp: it costs the least of all clients that were measured. Nothing is computed for a
request that could be computed once.
"""

import asyncio
import json
import logging
from typing import Any, Self

import aiohttp
import orjson
from pydantic import SecretStr

from crowdglot.engines.chat import request_body
from crowdglot.engines.engine import Completion, Request
from crowdglot.engines.openai.addresses import read_addresses
from crowdglot.engines.openai.answer import Again, Fault, judge_status, read_answer, server_words
from crowdglot.engines.openai.endpoints import Endpoint, Endpoints
from crowdglot.engines.openai.exchange import open_session, post
from crowdglot.engines.openai.health import Watch
from crowdglot.engines.openai.optional_fields import REFUSALS, extensions, refused_fields, without
from crowdglot.engines.openai.retries import Patience, backoff, retry_after
from crowdglot.engines.settings import EngineSettings
from crowdglot.errors import ConfigurationError, EngineError, EngineUnavailable, RequestRefused

_LOG = logging.getLogger(__name__)


class OpenAI:
    """A served model, on one server or on several alike.

    ``base_url``: see ``read_addresses``. ``model`` "": the first one that a server offers.
    ``concurrency``: questions under way at most; on overload it is fewer for a while (see
    ``Pressure``) and the others wait here. ``time_out``: seconds for one answer, from the
    connection to its last byte. ``tries``: how often one request is sent at most, with waits that
    begin at ``first_wait`` and never exceed ``longest_wait`` seconds, whatever a Retry-After says
    (see ``Patience`` for what costs no try). The API key goes into one header and nowhere else.
    """

    kind = "openai"

    def __init__(
        self,
        model: str = "",
        *,
        base_url: str,
        api_key: str | None = None,
        concurrency: int = 16,
        time_out: float = 300.0,
        tries: int = 6,
        first_wait: float = 0.5,
        longest_wait: float = 60.0,
        revision: str = "",
    ) -> None:
        self._addresses = read_addresses(base_url)
        self._key = SecretStr(_checked_key(api_key))
        self.model = model
        self.revision = revision
        self.concurrency = concurrency
        self.refused: frozenset[str] = frozenset()
        self._time_out = time_out
        self._tries = tries
        self._waits = (first_wait, longest_wait)
        self._answers = 0
        self._endpoints = Endpoints(self._addresses, concurrency)
        self._session: aiohttp.ClientSession | None = None
        self._watch: Watch | None = None

    @classmethod
    def from_settings(cls, settings: EngineSettings) -> Self:
        """The engine that a recipe asks for."""
        return cls(
            settings.model,
            base_url=settings.base_url,
            api_key=settings.api_key,
            concurrency=settings.concurrency or 16,
            time_out=settings.time_out,
        )

    def __repr__(self) -> str:
        places = " ".join(str(address.base) for address in self._addresses)
        return f"OpenAI({self.model!r}, base_url={places!r})"

    async def __aenter__(self) -> Self:
        """Open the connections and see that a server answers; raises EngineError at once."""
        self._session = open_session(self._key.get_secret_value(), self._time_out)
        self._endpoints = Endpoints(self._addresses, self.concurrency)
        self._watch = Watch(self._endpoints, self._session, self._clean, self._waits[1])
        try:
            self.model = await self._watch.greet(self.model)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        """Close all connections."""
        watch, self._watch = self._watch, None
        session, self._session = self._session, None
        if watch is not None:
            await watch.stop()
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
            except Again as fault:
                failed, reason, kind = endpoint, self._clean(fault.reason), fault.fault
            except EngineError as error:
                raise type(error)(f"{endpoint}: {self._clean(str(error))}") from None
            else:
                self._answers += 1
                return completion
            finally:
                self._endpoints.give(endpoint)
            if patience.moves_on(kind, self._endpoints.others(endpoint)):
                continue
            if not patience.spend(kind, self._answers):
                told = f"{endpoint}: no usable answer in {self._tries} tries; last {reason}"
                # A server that answers others meanwhile is there: it is this question that fails.
                if kind in (Fault.ODD, Fault.LATE) and self._answers > before:
                    raise RequestRefused(f"{told}, while other questions were answered.")
                raise EngineUnavailable(f"{told}; see what the server says, then start again.")
            # Where the server told a wait, it holds for all; the jitter keeps them apart behind it.
            await asyncio.sleep(backoff(patience.tried or 1, *self._waits))

    async def _ask(self, endpoint: Endpoint, request: Request) -> Completion:
        """Ask once; tell the watch how it went, as long as the question counts as under way."""
        session, watch = self._session, self._watch
        if session is None or watch is None:
            raise EngineError("the engine is not open; enter it before asking.")
        clock = asyncio.get_running_loop().time
        sent = clock()
        try:
            completion = await self._exchange(session, endpoint, request)
        except Again as fault:
            watch.failed(endpoint, fault, sent)
            raise
        watch.answered(endpoint, completion.seconds, completion.completion_tokens)
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
            status, words = reply.status, ""
            if status == 200:
                content_type = reply.headers.get("Content-Type", "")
                answer = read_answer(reply.content, content_type, clock() - start)
                if isinstance(answer, Completion):
                    return answer
                status = code if type(code := answer.get("code")) is int and code > 299 else 500
            # Cleaned before it is cut: a part of the key is too much as well.
            words = self._clean(server_words(reply.content))
            if status in REFUSALS and (named := refused_fields(words, body)):
                self._remember(endpoint, named)
                continue
            if "insufficient_quota" in reply.content[:4096].decode("utf-8", "replace"):
                words = f"insufficient_quota, {words}"
            wait = retry_after(reply.headers.get("Retry-After"))
            judge_status(status, words, wait, self.model)

    def _remember(self, endpoint: Endpoint, named: frozenset[str]) -> None:
        if named - self.refused:
            _LOG.info("%s does not take %s; asking without", endpoint, ", ".join(sorted(named)))
        self.refused |= named

    def _clean(self, text: str) -> str:
        """``text`` without the key, should a server have echoed it."""
        key = self._key.get_secret_value()
        return text.replace(key, "***") if key else text


def _encode(body: dict[str, Any]) -> bytes:
    """``body`` as JSON, many times faster than ``json`` where the text is all Unicode."""
    try:
        return orjson.dumps(body)
    except TypeError:
        return json.dumps(body).encode()


def _checked_key(key: str | None) -> str:
    """The key without the line end that files add; raises without showing it."""
    key = (key or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise ConfigurationError("The API key holds a character no key has; set it again.")
    return key
