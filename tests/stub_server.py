"""An OpenAI-compatible server on loopback: its answers are written by a function or by the test.

``serving`` runs it in a thread of its own and writes human-like turns; ``Stub(...).served()`` runs
it in the test's own event loop, with faults, latencies and lies as the test wants them.
"""

import asyncio
import json
import threading
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from hashlib import blake2b
from queue import SimpleQueue
from typing import Any

from aiohttp import web

# One everyday sentence each; a dialogue is a run of them, so no two turns are alike.
SENTENCES = {
    "fr": (
        "Tu as vu le temps qu'il fait ce matin ?",
        "Ma voisine a encore garé sa voiture devant le portail.",
        "On pourrait manger dehors si le vent tombe un peu.",
        "Je n'ai pas retrouvé le livre que tu m'avais prêté.",
        "Les enfants ont chanté pendant tout le trajet.",
        "Il paraît que la boulangerie va fermer en mars.",
        "Hier soir, le train avait quarante minutes de retard.",
        "Demande à ton frère s'il vient avec nous samedi.",
        "La soupe était trop salée, mais personne n'a rien dit.",
        "J'ai dormi comme une pierre malgré le bruit.",
        "Tu crois qu'il faut prévenir le propriétaire ?",
        "Apporte les vieilles photos, on va bien rire.",
    ),
    "es": (
        "¿Has visto el tiempo que hace esta mañana?",
        "Mi vecina ha vuelto a aparcar delante de la puerta.",
        "Podríamos comer fuera si baja un poco el viento.",
        "No encuentro el libro que me prestaste en verano.",
        "Los niños cantaron durante todo el viaje.",
        "Dicen que la panadería cierra en marzo.",
        "Anoche el tren llegó con cuarenta minutos de retraso.",
        "Pregúntale a tu hermano si viene el sábado.",
        "La sopa estaba salada, pero nadie dijo nada.",
        "Dormí como un tronco a pesar del ruido.",
        "¿Crees que hay que avisar al dueño del piso?",
        "Trae las fotos viejas, nos vamos a reír mucho.",
    ),
}

# What lets the critics of meaning pass such runs, which are about no situation.
ABOUT_NOTHING = (
    "choice.candidates=1", "critics.premise.least=-9", "critics.coherence.least_4=-99",
    "critics.coherence.least_6=-99", "critics.translated_recital.most_lines=9",
    "critics.translated_copying.most_alike=1", "critics.rewording.most_alike=1",
    "critics.rewording.most_alike_own=1", "critics.rewording.most_alike_exchange=1",
)  # fmt: skip


def answer(body: dict[str, Any]) -> str:
    """Turns for the schema of a request; which ones depends on the prompt and the seed."""
    tag = "es" if "Spanish" in body["messages"][-1]["content"] else "fr"
    keys = body["response_format"]["json_schema"]["schema"]["required"]
    name = f"{body['messages'][-1]['content']}{body.get('seed')}"
    start = int.from_bytes(blake2b(name.encode(), digest_size=4).digest())
    lines = SENTENCES[tag]
    return json.dumps(
        {key: lines[(start + number) % len(lines)] for number, key in enumerate(keys)},
        ensure_ascii=False,
    )


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
    """Gives ``replies`` one after another, the last one again and again. Without any, it answers
    with what ``write`` makes of a question's body, after ``latency`` seconds.

    ``bodies``: what it was asked, and ``asked``: of each the last message and the seed. ``keys``:
    the header with the API key; ``paths``: all that was fetched. ``models`` answers GET. All but
    ``latency`` may be changed meanwhile. ``running`` and ``peak``: questions under way now, and at
    most so far.
    """

    def __init__(
        self,
        *replies: Reply,
        models: Reply | None = None,
        write: Callable[[dict[str, Any]], str] = answer,
        latency: float = 0.0,
    ) -> None:
        self.replies = replies
        self.models = models or fixed(data=[{"id": "first-model"}, {"id": "other"}])
        self.write = write
        self.latency = latency
        self.bodies: list[dict[str, Any]] = []
        self.asked: list[tuple[str, int]] = []
        self.keys: list[str | None] = []
        self.paths: list[str] = []
        self.running = 0
        self.peak = 0
        self.base_url = ""

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        reply = self._written
        if self.replies:
            reply = self.replies[min(len(self.bodies), len(self.replies) - 1)]
        self.bodies.append(body)
        last = body["messages"][-1]["content"] if "messages" in body else ""
        self.asked.append((last, body.get("seed", 0)))
        self.keys.append(request.headers.get("Authorization"))
        self.running += 1
        self.peak = max(self.peak, self.running)
        try:
            return await reply(request, body)
        finally:
            self.running -= 1

    async def _written(self, request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(self.latency)
        choice = {"message": {"content": self.write(asked)}, "finish_reason": "stop", "index": 0}
        usage = {"prompt_tokens": 100, "completion_tokens": 50}
        return web.json_response({"model": "stub", "choices": [choice], "usage": usage})

    @web.middleware
    async def _note(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.paths.append(request.path)
        reply: web.StreamResponse = await handler(request)
        return reply

    async def _list(self, request: web.Request) -> web.StreamResponse:
        return await self.models(request, {})

    @asynccontextmanager
    async def served(self, port: int = 0) -> AsyncIterator[str]:
        """Serve on a free port, or on ``port``; yields the base URL."""
        application = web.Application(middlewares=[self._note])
        application.router.add_post("/v1/chat/completions", self._chat)
        for path in ("completions", "embeddings"):
            application.router.add_post(f"/v1/{path}", self._chat)
        application.router.add_get("/v1/models", self._list)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            self.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
            yield self.base_url
        finally:
            await runner.cleanup()


@contextmanager
def serving(
    write: Callable[[dict[str, Any]], str] = answer, latency: float = 0.0
) -> Iterator[Stub]:
    """A stub in a thread of its own, stopped at the end; the model it serves is "stub"."""
    stub = Stub(models=fixed(data=[{"id": "stub"}]), write=write, latency=latency)
    started: SimpleQueue[Callable[[], object]] = SimpleQueue()

    async def serve() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        async with stub.served():
            started.put(lambda: loop.call_soon_threadsafe(stop.set))
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    stop = started.get(timeout=10)
    try:
        yield stub
    finally:
        stop()
        thread.join()
