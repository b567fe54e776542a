"""One HTTP request and its whole answer, or one of the faults that a server can have."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import aiohttp
from aiohttp.http_exceptions import ContentLengthError, TransferEncodingError
from yarl import URL

from crowdglot.errors import ConfigurationError, EngineError

_CONNECT_SECONDS = 10.0
_ANSWER_BYTES = 4 << 20
# uvicorn, and so vLLM, closes a connection that was idle for five seconds: a question sent at that
# moment would be lost.
_IDLE_SECONDS = 4.0


class Fault(Enum):
    """What is wrong with a server whose answer is of no use."""

    REFUSED = "it has too much to do"
    LATE = "its answer took too long"
    GONE = "it cannot be reached, or cut the connection"
    ODD = "its answer makes no sense, or it failed on this request"


@dataclass(eq=False)
class Again(Exception):
    """The answer is of no use now; the same request may do better. ``wait``: seconds, 0 if the
    server told none."""

    reason: str
    fault: Fault = Fault.ODD
    wait: float = 0.0


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
    """Connections for all servers, as many as are asked for; ``seconds`` for one answer, from the
    connection to the last byte."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=_CONNECT_SECONDS),
        headers=headers,
    )


async def send(
    session: aiohttp.ClientSession, method: str, url: URL, body: bytes | None = None, **how: Any
) -> Reply:
    """Send ``body``; raises Again for all that can go wrong on the way. ``how``: of aiohttp."""
    try:
        asked = session.request(method, url, data=body, allow_redirects=False, **how)
        async with asked as response:
            return Reply(response.status, response.headers, await _read(response))
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _fault(error, how.get("timeout", session.timeout).total) from None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The content; aiohttp decompresses it in small blocks, so that the bound holds for those."""
    content = bytearray()
    while block := await response.content.readany():
        content += block
        if len(content) > _ANSWER_BYTES:
            response.close()
            raise Again(f"the answer is longer than {_ANSWER_BYTES >> 20} MB")
    return bytes(content)


def _fault(error: Exception, seconds: float) -> Exception:
    """What the error means, in a few words; a certificate that is not trusted never passes."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return EngineError("its certificate is not trusted; check base_url.")
    cause = getattr(error, "os_error", error)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Again(f"it does not connect within {_CONNECT_SECONDS:g} s", Fault.GONE)
    if isinstance(error, TimeoutError):
        return Again(f"it does not answer within {seconds:g} s", Fault.LATE)
    if isinstance(cause, ConnectionRefusedError) or "Connect call failed" in str(cause):
        return Again("connection refused", Fault.GONE)
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError):
        return Again("the connection was cut", Fault.GONE)
    if isinstance(error.__cause__, ContentLengthError | TransferEncodingError):
        return Again("the connection was cut before the answer's end", Fault.GONE)
    if isinstance(error, aiohttp.ClientPayloadError):
        return Again("the answer cannot be decompressed")
    if isinstance(error, aiohttp.ClientResponseError):
        # What follows a colon or a line's end is the server's own bytes.
        words = re.split(r"[:\n]", error.message)[0][:100]
        return Again(f"the answer is no HTTP ({words})")
    kind = Fault.GONE if isinstance(error, aiohttp.ClientOSError) else Fault.ODD
    return Again(f"{type(error).__name__}: {' '.join(str(cause).split())}"[:200], kind)
