"""The suite's server of chat completions: right answers, or faults on demand, in a thread."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiohttp import web

from tests.survival.faults import FAULTS, completion
from tests.survival.talk import speak

# Which fault meets a question: its seed, and how often it had been asked before.
Mood = Callable[[int, int], str]


def cheerful(_seed: int, _times: int) -> str:
    """No fault at all."""
    return ""


class Server:
    """``base_url``, and a log. ``asked``: the seed of every question in the order of arrival, which
    names it; ``answered``: how many got their right answer; ``under_way``: not answered yet.

    ``mood``, ``latency`` (seconds) and ``repeated`` (see ``speak``) may be changed while it runs.
    """

    def __init__(self) -> None:
        self.base_url = ""
        self.clear()

    def clear(self) -> None:
        """Forget what was asked, be cheerful again."""
        self.mood: Mood = cheerful
        self.latency = 0.005
        self.repeated = 0.0
        self.asked: list[int] = []
        self.times: Counter[int] = Counter()
        self.answered = self.under_way = 0
        self.began = 0.0

    @property
    def twice(self) -> int:
        """How many answers were paid for more than once."""
        return len(self.asked) - len(set(self.asked))

    def settle(self, seconds: float = 5.0) -> None:
        """Wait until what a killed client left behind has been noticed."""
        end = time.monotonic() + seconds
        time.sleep(2 * self.latency)
        while self.under_way and time.monotonic() < end:
            time.sleep(0.01)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Answer one chat completion."""
        self.under_way += 1
        try:
            body = json.loads(await request.read())
            seed = int(body["seed"])
            times = self.times[seed]
            self.times[seed] += 1
            self.began = self.began or time.monotonic()
            if fault := self.mood(seed, times):
                return await FAULTS[fault](request, speak(body, self.repeated))
            self.asked.append(seed)
            await asyncio.sleep(self.latency)
            self.answered += 1
            return web.json_response(completion(speak(body, self.repeated)))
        finally:
            self.under_way -= 1

    async def models(self, _request: web.Request) -> web.Response:
        """Say which model is served."""
        return web.json_response({"data": [{"id": "stub"}]})

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        application = web.Application(client_max_size=1 << 26)
        application.router.add_post("/v1/chat/completions", self.chat)
        application.router.add_get("/v1/models", self.models)
        runner = web.AppRunner(
            application, access_log=None, handle_signals=False, shutdown_timeout=0.1
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
            yield
        finally:
            await runner.cleanup()


@contextmanager
def serving() -> Iterator[Server]:
    """A server in a thread of its own, stopped at the end."""
    server, ready = Server(), threading.Event()
    closed: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        done = asyncio.Event()
        closed.append((asyncio.get_running_loop(), done))
        async with server._running():
            ready.set()
            await done.wait()

    def close() -> None:
        loop, done = closed[0]
        loop.call_soon_threadsafe(done.set)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        if not ready.wait(20):
            raise RuntimeError("the suite's own server did not start")
        yield server
    finally:
        if thread.is_alive():
            close()
        thread.join()
