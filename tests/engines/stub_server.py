"""A chat server on loopback whose every answer is written by the test."""

import asyncio
import json
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


class Stub:
    """Gives ``replies`` one after another; the last one again and again. ``asked``: bodies."""

    def __init__(self, *replies: Reply, models: Reply | None = None) -> None:
        self._replies = replies
        self._models = models or fixed(data=[{"id": "first-model"}, {"id": "other"}])
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.running = 0
        self.peak = 0

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        reply = self._replies[min(len(self.asked), len(self._replies) - 1)]
        self.asked.append(body)
        self.keys.append(request.headers.get("Authorization"))
        self.running += 1
        self.peak = max(self.peak, self.running)
        try:
            return await reply(request, body)
        finally:
            self.running -= 1

    async def _list(self, request: web.Request) -> web.StreamResponse:
        return await self._models(request, {})

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Serve on a free port; yields the base URL."""
        application = web.Application()
        application.router.add_post("/v1/chat/completions", self._chat)
        application.router.add_get("/v1/models", self._list)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            await runner.cleanup()
