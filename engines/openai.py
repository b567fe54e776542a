"""Any server that speaks OpenAI's chat completions: vLLM, llama.cpp, SGLang, Ollama, a provider.

Plain aiohttp: it costs the least of all clients that were measured.
"""

import asyncio
import json
import logging
import time
from typing import Any, Self

import aiohttp
from pydantic import SecretStr
from yarl import URL

from crowdglot.errors import ConfigurationError, EngineError, EngineUnavailable
from engines.chat import request_body
from engines.engine import Completion, Request
from engines.openai_answer import Again, judge_status, parse, read_answer, server_words
from engines.optional_fields import REFUSALS, extensions, refused_fields, without
from engines.retries import backoff, retry_after
from engines.settings import EngineSettings

_LOG = logging.getLogger(__name__)
_CONNECT_SECONDS = 10.0
_GREETING_SECONDS = 20.0
_ANSWER_BYTES = 4 << 20


class OpenAI:
    """A served model.

    ``model`` "": the first one that the server offers. ``time_out``: seconds for one answer, from
    the connection to its last byte. ``tries``: how often one request is sent at most, with waits
    that begin at ``first_wait`` and never exceed ``longest_wait`` seconds, whatever a Retry-After
    says. The API key goes into one header and nowhere else.
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
        self._base = _base(base_url)
        self._key = SecretStr(_checked_key(api_key))
        self.model = model
        self.revision = revision
        self.concurrency = concurrency
        self.refused: frozenset[str] = frozenset()
        self._time_out = time_out
        self._tries = tries
        self._waits = (first_wait, longest_wait)
        self._gate = asyncio.Semaphore(concurrency)
        self._session: aiohttp.ClientSession | None = None

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
        return f"OpenAI({self.model!r}, base_url={str(self._base)!r})"

    async def __aenter__(self) -> Self:
        """Open the connections and see that the server answers; raises EngineError at once."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if key := self._key.get_secret_value():
            headers["Authorization"] = f"Bearer {key}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.concurrency),
            timeout=aiohttp.ClientTimeout(total=self._time_out, sock_connect=_CONNECT_SECONDS),
            headers=headers,
        )
        try:
            await self._greet()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        """Close all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def complete(self, request: Request) -> Completion:
        """Ask until an answer can be read, at most ``tries`` times."""
        async with self._gate:
            for attempt in range(1, self._tries + 1):
                try:
                    return await self._ask(request)
                except Again as fault:
                    reason, wait = self._clean(fault.reason), fault.wait
                except EngineError as error:
                    raise EngineError(f"{self._base}: {self._clean(str(error))}") from None
                if attempt < self._tries:
                    # The server's wish is a minimum; the jitter keeps callers apart behind it.
                    wished = min(wait or 0.0, self._waits[1])
                    await asyncio.sleep(wished + backoff(attempt, *self._waits))
        raise EngineUnavailable(
            f"{self._base}: no usable answer in {self._tries} tries; the last time {reason}; see"
            " what the server says, then start again."
        )

    async def _ask(self, request: Request) -> Completion:
        """Ask once, and again at once where the server names a field that it does not take."""
        full = {"model": self.model} | request_body(request) | extensions(request)
        while True:
            body = without(full, self.refused)
            start = time.perf_counter()
            response, content = await self._exchange("POST", "chat/completions", body)
            seconds = time.perf_counter() - start
            status, words = response.status, ""
            if status == 200:
                answer = read_answer(content, response.content_type, seconds)
                if isinstance(answer, Completion):
                    return answer
                status = code if type(code := answer.get("code")) is int and code > 299 else 500
            words = server_words(content)
            if status in REFUSALS and (named := refused_fields(words, body)):
                self._remember(named)
                continue
            if "insufficient_quota" in content[:4096].decode("utf-8", "replace"):
                words = f"insufficient_quota, {words}"
            wait = retry_after(response.headers.get("Retry-After"))
            judge_status(status, words, wait, self.model)

    def _remember(self, named: frozenset[str]) -> None:
        if named - self.refused:
            _LOG.info("%s does not take %s; asking without", self._base, ", ".join(sorted(named)))
        self.refused |= named

    async def _exchange(
        self, method: str, path: str, body: dict[str, Any] | None, seconds: float | None = None
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        """One request and its whole answer; raises Again for all that can go wrong on the way."""
        if self._session is None:
            raise EngineError("the engine is not open; enter it before asking.")
        time_out = aiohttp.ClientTimeout(
            total=seconds or self._time_out, sock_connect=_CONNECT_SECONDS
        )
        try:
            async with self._session.request(
                method,
                (self._base / path).with_query(self._base.query),
                data=None if body is None else json.dumps(body).encode(),
                allow_redirects=False,
                timeout=time_out,
            ) as response:
                return response, await _read(response)
        except aiohttp.ClientConnectorCertificateError:
            raise EngineError("its certificate is not trusted; check engine.base_url.") from None
        except TimeoutError:
            waited = f"it does not answer within {time_out.total:g} s"
            raise Again(f"{waited}, or not connect within {_CONNECT_SECONDS:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Again(_reason(error)) from None

    async def _greet(self) -> None:
        """See that something answers, and which model it offers where none is asked for."""
        try:
            response, content = await self._exchange("GET", "models", None, _GREETING_SECONDS)
        except Again as fault:
            raise EngineUnavailable(
                f"{self._base}: no server answers there ({self._clean(fault.reason)}); start it,"
                " or correct engine.base_url."
            ) from None
        except EngineError as error:
            raise EngineError(f"{self._base}: {error}") from None
        if response.status in (401, 403):
            try:
                judge_status(response.status, server_words(content), None, self.model)
            except EngineError as error:
                raise EngineError(f"{self._base}: {self._clean(str(error))}") from None
        if not self.model:
            self.model = _first_model(content)
            if not self.model:
                raise EngineError(
                    f"{self._base}: the server does not list its models (status"
                    f" {response.status}); set engine.model."
                )

    def _clean(self, text: str) -> str:
        """``text`` without the key, should a server have echoed it."""
        key = self._key.get_secret_value()
        return text.replace(key, "***") if key else text


async def _read(response: aiohttp.ClientResponse) -> bytes:
    blocks, size = [], 0
    async for block in response.content.iter_any():
        blocks.append(block)
        size += len(block)
        if size > _ANSWER_BYTES:
            response.close()
            raise Again(f"the answer is longer than {_ANSWER_BYTES >> 20} MB")
    return b"".join(blocks)


def _reason(error: Exception) -> str:
    """A connection's fault in a few words."""
    cause = getattr(error, "os_error", error)
    if isinstance(cause, ConnectionRefusedError) or "Connect call failed" in str(cause):
        return "connection refused"
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError):
        return "the connection was cut"
    return f"{type(error).__name__}: {str(cause)[:200]}"


def _first_model(content: bytes) -> str:
    try:
        models = parse(content)["data"]
        return str(next(model["id"] for model in models))
    except (ValueError, KeyError, TypeError, StopIteration):
        return ""


def _base(base_url: str) -> URL:
    try:
        url = URL(base_url.strip().rstrip("/").removesuffix("/chat/completions"))
        valid = url.scheme in ("http", "https") and bool(url.host)
    except ValueError:
        valid = False
    if not valid:
        found = f"'{base_url}' is no http address" if base_url else "is missing"
        raise ConfigurationError(
            f"engine.base_url {found}; give one such as http://localhost:8000/v1."
        )
    if url.user or url.password:
        raise ConfigurationError(
            "engine.base_url holds a user name or a password; put the key into the environment."
        )
    return url


def _checked_key(key: str | None) -> str:
    """The key without the line end that files add; raises without showing it."""
    key = (key or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise ConfigurationError("The API key holds a character no key has; set it again.")
    return key
