"""One HTTP request and its whole answer, or one of the faults that a server can have."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp.http_exceptions import ContentLengthError, TransferEncodingError
from yarl import URL

from crowdglot.engines.openai.answer import Again, Fault
from crowdglot.errors import ConfigurationError, EngineError

CONNECT_SECONDS = 10.0
_ANSWER_BYTES = 4 << 20
# uvicorn, and so vLLM, closes a connection that was idle for five seconds: a question sent at that
# moment would be lost.
_IDLE_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server sent back; ``content`` is decompressed and of bounded size."""

    status: int
    headers: Mapping[str, str]
    content: bytes


def checked_key(key: str | None) -> str:
    """The API key without the line end that files add; ConfigurationError, which does not show it,
    where it can be none."""
    key = (key or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise ConfigurationError("The API key holds a character no key has; set it again.")
    return key


def open_session(key: str, seconds: float) -> aiohttp.ClientSession:
    """Connections for all servers, as many as are asked for; ``seconds`` for one answer."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=_time_out(seconds),
        headers=headers,
    )


def _time_out(seconds: float) -> aiohttp.ClientTimeout:
    """``seconds`` from the connection to the last byte, and a few for the connection."""
    return aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)


async def post(session: aiohttp.ClientSession, url: URL, body: bytes) -> Reply:
    """Send ``body``; raises Again for all that can go wrong on the way."""
    return await _reply(session.post(url, data=body, allow_redirects=False), session.timeout.total)


async def get(session: aiohttp.ClientSession, url: URL, seconds: float) -> Reply:
    """Fetch ``url``; raises Again for all that can go wrong on the way."""
    asked = session.get(url, allow_redirects=False, timeout=_time_out(seconds))
    return await _reply(asked, seconds)


async def _reply(asked: Any, seconds: float | None) -> Reply:
    try:
        async with asked as response:
            return Reply(response.status, response.headers, await _read(response))
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _fault(error, seconds) from None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The content; aiohttp decompresses it in small blocks, so that the bound holds for those."""
    stream, blocks, size = response.content, [], 0
    while not stream.at_eof():
        block = await stream.readany()
        blocks.append(block)
        size += len(block)
        if size > _ANSWER_BYTES:
            response.close()
            raise Again(f"the answer is longer than {_ANSWER_BYTES >> 20} MB")
    return b"".join(blocks)


def _fault(error: Exception, seconds: float | None) -> Exception:
    """What the error means, in a few words; a certificate that is not trusted never passes."""
    cause = getattr(error, "os_error", error)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return EngineError("its certificate is not trusted; check base_url.")
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Again(f"it does not connect within {CONNECT_SECONDS:g} s", Fault.GONE)
    if isinstance(error, TimeoutError):
        return Again(f"it does not answer within {seconds:g} s", Fault.LATE)
    if isinstance(cause, ConnectionRefusedError) or "Connect call failed" in str(cause):
        return Again("connection refused", Fault.GONE)
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError):
        return Again("the connection was cut", Fault.GONE)
    if isinstance(error, aiohttp.ClientPayloadError):
        if isinstance(error.__cause__, ContentLengthError | TransferEncodingError):
            return Again("the connection was cut before the answer's end", Fault.GONE)
        return Again("the answer cannot be decompressed")
    if isinstance(error, aiohttp.ClientResponseError):
        # What follows a colon or a line's end is the server's own bytes.
        words = re.split(r"[:\n]", error.message)[0][:100]
        return Again(f"the answer is no HTTP ({words})")
    kind = Fault.GONE if isinstance(error, aiohttp.ClientOSError) else Fault.ODD
    return Again(f"{type(error).__name__}: {' '.join(str(cause).split())}"[:200], kind)
