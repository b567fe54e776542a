"""A chat server on loopback whose every answer is written by the test."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Reply = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]


def fixed(status: int = 200, *, headers: dict[str, str] | None = None, **body: Any) -> Reply:
    """A JSON answer."""

    async def reply(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        return web.json_response(body, status=status, headers=headers)

    return reply


def raw(content: bytes, content_type: str = "application/json", status: int = 200) -> Reply:
    """An answer of any bytes."""

    async def reply(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        return web.Response(body=content, content_type=content_type, status=status)

    return reply


def chat(content: Any = '{"A1": "Yes.", "B1": "No."}', **message: Any) -> Reply:
    """An ordinary completion."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"content": content, **message}}
    usage = {"prompt_tokens": 11, "completion_tokens": 7}
    return fixed(choices=[choice], usage=usage)


async def reset(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
    """Cut the connection before a byte is answered."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def cut_short(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
    """Promise 1,000 bytes, send 10, and cut the connection."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"choices"')
    assert request.transport is not None
    request.transport.abort()
    return response


async def endless(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
    """A byte now and then, for ever."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.02)


def wire(content: bytes, then: bytes = b"") -> Reply:
    """Bytes past all rules, then ``then`` for ever (or the end of the connection)."""

    async def reply(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        transport = request.transport
        assert isinstance(transport, asyncio.Transport)
        transport.write(content)
        while then and not transport.is_closing():
            transport.write(then)
            await asyncio.sleep(0.001)
        transport.close()
        return web.Response()

    return reply


def bomb(megabytes: int) -> Reply:
    """So many megabytes of blanks as gzip, a thousandth of that on the wire."""
    packer = zlib.compressobj(wbits=31)
    packed = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(megabytes)) + packer.flush()

    async def reply(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    return reply


def after(seconds: float, reply: Reply) -> Reply:
    """``reply``, but later."""

    async def late(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return await reply(request, asked)

    return late


class Stub:
    """Gives ``replies`` one after another; the last one again and again. ``asked``: bodies.

    ``models`` and ``metrics`` answer GET, ``replies`` may be changed meanwhile. ``running`` and
    ``peak``: questions under way now, and at most so far.
    """

    def __init__(
        self, *replies: Reply, models: Reply | None = None, metrics: Reply | None = None
    ) -> None:
        self.replies = replies
        self.models = models or fixed(data=[{"id": "first-model"}, {"id": "other"}])
        self.metrics = metrics or fixed(404)
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.running = 0
        self.peak = 0

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        reply = self.replies[min(len(self.asked), len(self.replies) - 1)]
        self.asked.append(body)
        self.keys.append(request.headers.get("Authorization"))
        self.running += 1
        self.peak = max(self.peak, self.running)
        try:
            return await reply(request, body)
        finally:
            self.running -= 1

    async def _list(self, request: web.Request) -> web.StreamResponse:
        return await self.models(request, {})

    async def _measure(self, request: web.Request) -> web.StreamResponse:
        return await self.metrics(request, {})

    @asynccontextmanager
    async def served(self, port: int = 0) -> AsyncIterator[str]:
        """Serve on a free port, or on ``port``; yields the base URL."""
        application = web.Application()
        application.router.add_post("/v1/chat/completions", self._chat)
        application.router.add_post("/v1/embeddings", self._chat)
        application.router.add_get("/v1/models", self._list)
        application.router.add_get("/metrics", self._measure)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", port)
            await site.start()
            port = runner.addresses[0][1]
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            await runner.cleanup()
