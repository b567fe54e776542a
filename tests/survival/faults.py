"""What a server can do wrong, each as a coroutine that answers one question badly."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Fault = Callable[[web.Request, str], Awaitable[web.StreamResponse]]


def completion(content: str, finish_reason: str = "stop") -> dict[str, Any]:
    """A chat completion."""
    return {
        "model": "stub",
        "choices": [{"message": {"content": content}, "finish_reason": finish_reason, "index": 0}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50},
    }


def _status(status: int, headers: dict[str, str] | None = None) -> Fault:
    async def answer(_request: web.Request, _content: str) -> web.StreamResponse:
        said = {"error": {"message": f"status {status}"}}
        return web.json_response(said, status=status, headers=headers)

    return answer


def _body(body: Any, content_type: str = "application/json") -> Fault:
    async def answer(_request: web.Request, _content: str) -> web.StreamResponse:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        return web.Response(body=sent, content_type=content_type)

    return answer


async def _reset(request: web.Request, _content: str) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _cut(request: web.Request, content: str) -> web.StreamResponse:
    body = json.dumps(completion(content)).encode()
    response = web.StreamResponse(headers={"Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    assert request.transport is not None
    request.transport.abort()
    return response


async def _endless(request: web.Request, _content: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    try:
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.05)
    except ConnectionResetError:
        return response


async def _silent(_request: web.Request, _content: str) -> web.StreamResponse:
    await asyncio.sleep(3600)
    return web.Response()


async def _html(_request: web.Request, content: str) -> web.StreamResponse:
    """The right answer under the wrong content type."""
    return web.Response(body=json.dumps(completion(content)).encode(), content_type="text/html")


async def _keys(_request: web.Request, content: str) -> web.StreamResponse:
    """JSON as asked for, but with keys of its own."""
    try:
        said = list(json.loads(content).values())
    except ValueError:
        said = [content]
    wrong = {f"line_{number}": turn for number, turn in enumerate(said)}
    return web.json_response(completion(json.dumps(wrong, ensure_ascii=False)))


async def _length(_request: web.Request, content: str) -> web.StreamResponse:
    """An answer cut by the limit of tokens."""
    return web.json_response(completion(content[: len(content) // 2], "length"))


# Faults on the way, after which the same question is asked again.
PASSING: dict[str, Fault] = {
    "429 with Retry-After": _status(429, {"Retry-After": "0.3"}),
    "500": _status(500),
    "503": _status(503),
    "connection reset": _reset,
    "answer cut off": _cut,
    "answer of 10 MB": _body(b'{"choices": "' + b"x" * 10_000_000 + b'"}'),
    "answer that never ends": _endless,
    "no answer": _silent,
    "invalid JSON": _body(b'{"choices": [{"message":'),
    "HTML": _body(b"<html>gateway</html>", "text/html"),
    "empty choices": _body(completion("") | {"choices": []}),
}
# Answers that are complete and useless: drafts, paid for and judged.
USELESS: dict[str, Fault] = {
    "right JSON with wrong keys": _keys,
    "finish_reason length": _length,
    "empty content": _body(completion("")),
}
# Answers that look odd and are right.
HARMLESS: dict[str, Fault] = {"wrong content type": _html}
FAULTS = PASSING | USELESS | HARMLESS
