"""Several servers, some of them dead or dying, and servers with too much to do."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from crowdglot.engines.openai.engine import OpenAI
from crowdglot.errors import EngineError, EngineUnavailable
from tests.engines.asking import KEY, open_ai
from tests.engines.questions import question
from tests.stub_server import Reply, Stub, after, chat, fixed, reset

pytestmark = pytest.mark.server
QUICK: dict[str, Any] = {"first_wait": 0.01, "api_key": KEY, "concurrency": 8}


def free_port() -> int:
    """A port where nobody answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def run(job: Callable[[], Awaitable[None]]) -> None:
    """Run ``job`` within twenty seconds."""

    async def bounded() -> None:
        async with asyncio.timeout(20):
            await job()

    asyncio.run(bounded())


@asynccontextmanager
async def engine_on(*stubs: Stub, extra: str = "", **options: Any) -> AsyncIterator[OpenAI]:
    """An engine on these servers, and on the addresses in ``extra``."""
    async with AsyncExitStack() as stack:
        urls = [await stack.enter_async_context(stub.served()) for stub in stubs]
        options = QUICK | options
        yield await stack.enter_async_context(open_ai(" ".join([*urls, extra]), **options))


async def ask_all(engine: OpenAI, times: int) -> None:
    """``times`` questions, as many at once as the engine takes; all must be answered."""
    seeds = iter(range(times))

    async def work() -> None:
        for seed in seeds:
            assert (await engine.complete(question(f"topic {seed}", seed=seed))).text

    async with asyncio.TaskGroup() as group:
        for _ in range(engine.concurrency):
            group.create_task(work())


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


def test_all_share_the_work() -> None:
    async def job() -> None:
        one, two = Stub(after(0.01, chat())), Stub(after(0.01, chat()))
        async with engine_on(one, two) as engine:
            await ask_all(engine, 80)
        assert len(one.bodies) + len(two.bodies) == 80
        assert min(len(one.bodies), len(two.bodies)) > 20
        assert one.keys[0] == two.keys[0] == f"Bearer {KEY}"

    run(job)


def test_a_dead_server_among_several_is_told_and_taken_in_when_it_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)

    async def job() -> None:
        port, late = free_port(), Stub(after(0.01, chat()))
        there = Stub(after(0.01, chat()))
        async with engine_on(there, extra=f"http://127.0.0.1:{port}/v1") as engine:
            assert "is out (connection refused); 1 of 2 servers left" in caplog.text
            await ask_all(engine, 20)
            assert len(there.bodies) == 20
            async with late.served(port):
                await until(lambda: f"{port}/v1 answers again" in caplog.text)
                await ask_all(engine, 40)
        assert len(late.bodies) > 8
        assert KEY not in caplog.text

    run(job)


def test_a_server_that_still_loads_is_asked_once_it_is_ready(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def job() -> None:
        loading, ready = Stub(chat(), models=fixed(503)), Stub(after(0.01, chat()))
        async with engine_on(loading, ready) as engine:
            assert "is out (it answers 503); 1 of 2" in caplog.text
            await ask_all(engine, 20)
            assert loading.bodies == []
            loading.models = ready.models
            await until(lambda: "answers again" in caplog.text)
            await ask_all(engine, 20)
            assert loading.bodies

    run(job)


@pytest.mark.parametrize("death", [reset, fixed(500, error="out of memory")])
def test_who_dies_in_the_middle_costs_no_request(death: Reply) -> None:
    async def job() -> None:
        dying, well = Stub(after(0.01, chat())), Stub(after(0.01, chat()))
        # One try: whoever is cut off must go to the other server at once, at no cost.
        tries = 1 if death is reset else 6
        async with engine_on(dying, well, tries=tries) as engine:
            await ask_all(engine, 40)
            assert len(dying.bodies) > 5
            dying.replies, asked = (death,), len(dying.bodies)
            dying.models = fixed(502) if death is reset else dying.models
            await ask_all(engine, 80)
            assert len(dying.bodies) - asked < 40
        assert len(well.bodies) > 80

    run(job)


def test_a_server_that_shuts_down_costs_no_request() -> None:
    async def job() -> None:
        dying, well = Stub(after(0.05, chat())), Stub(after(0.05, chat()))
        async with AsyncExitStack() as stack:
            mortal = await stack.enter_async_context(AsyncExitStack())
            urls = [
                await mortal.enter_async_context(dying.served()),
                await stack.enter_async_context(well.served()),
            ]
            engine = await stack.enter_async_context(open_ai(",".join(urls), tries=1, **QUICK))
            asking = asyncio.create_task(ask_all(engine, 60))
            await until(lambda: len(dying.bodies) > 4)
            await mortal.aclose()
            await asking
        assert len(well.bodies) > 30

    run(job)


def test_all_dead_is_one_clear_sentence() -> None:
    ports = [free_port(), free_port()]
    places = [f"http://127.0.0.1:{port}/v1" for port in ports]

    async def job() -> None:
        with pytest.raises(EngineUnavailable) as caught:
            async with open_ai(" ".join(places), api_key=KEY):
                pass
        assert str(caught.value) == (
            f"{places[0]}, {places[1]}: no server answers there (connection refused); start one,"
            " or correct engine.base_url."
        )

    run(job)


def test_all_that_die_later_end_in_one_clear_sentence() -> None:
    async def job() -> None:
        stubs = Stub(reset), Stub(reset)
        async with engine_on(*stubs, tries=3) as engine:
            with pytest.raises(EngineUnavailable, match=r"in 3 tries; .* the connection was cut"):
                await engine.complete(question())
        assert 3 <= len(stubs[0].bodies) + len(stubs[1].bodies) <= 5

    run(job)


@pytest.mark.parametrize("names", [["other"], ["other", "M"]])
def test_another_model_is_refused(names: list[str]) -> None:
    listed = fixed(data=[{"id": name} for name in names])

    async def job() -> None:
        fits = fixed(data=[{"id": "m"}])
        for stubs in ([Stub(chat(), models=listed)], [Stub(models=fits), Stub(models=listed)]):
            with pytest.raises(EngineError, match=r"offers 'other'.* and not 'm'; .*engine\.model"):
                async with engine_on(*stubs, model="m"):
                    pass

    run(job)


@pytest.mark.parametrize("name", ["m", "m:latest", "*", "provider/*"])
def test_names_that_mean_the_same(name: str) -> None:
    async def job() -> None:
        silent, listing = Stub(chat(), models=fixed(404)), fixed(data=[{"id": name}])
        async with engine_on(silent, Stub(chat(), models=listing), model="m") as engine:
            assert engine.model == "m"

    run(job)


def test_who_comes_back_with_another_model_stays_out(caplog: pytest.LogCaptureFixture) -> None:
    async def job() -> None:
        port, back = free_port(), Stub(chat(), models=fixed(data=[{"id": "other"}]))
        async with (
            engine_on(Stub(chat()), extra=f"http://127.0.0.1:{port}/v1", model="first-model"),
            back.served(port),
        ):
            await until(lambda: "offers 'other' and not 'first-model'" in caplog.text)
        assert back.bodies == []

    run(job)


def overloaded(most: int, stub: Stub, status: int = 429) -> Reply:
    """Answers while no more than ``most`` ask at once, and refuses the others."""

    async def reply(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        if stub.running > most:
            return await fixed(status)(request, asked)
        return await after(0.01, chat())(request, asked)

    return reply


@pytest.mark.parametrize("status", [429, 503, 529])
def test_on_overload_it_asks_less_at_once_and_recovers(status: int) -> None:
    async def job() -> None:
        stub = Stub(chat())
        stub.replies = (overloaded(4, stub, status),)
        async with engine_on(stub, concurrency=24, tries=3) as engine:
            await ask_all(engine, 24)
            stub.peak, before = 0, len(stub.bodies)
            await ask_all(engine, 100)
            assert stub.peak <= 12
            assert len(stub.bodies) - before < 150  # few are refused any more
            stub.replies = (after(0.01, chat()),)
            await ask_all(engine, 600)
            stub.peak = 0
            await ask_all(engine, 48)
            assert stub.peak == 24

    run(job)


def test_retry_after_holds_for_all_that_would_ask() -> None:
    async def job() -> None:
        stub = Stub(fixed(429, headers={"Retry-After": "0.5"}), chat())
        async with engine_on(stub, concurrency=2) as engine:
            asking = asyncio.create_task(ask_all(engine, 6))
            await until(lambda: len(stub.bodies) > 0)
            await asyncio.sleep(0.3)
            assert len(stub.bodies) <= 2
            await asking
        assert len(stub.bodies) == 7

    run(job)


def test_with_another_server_nobody_waits_for_the_one_that_is_paused() -> None:
    async def job() -> None:
        busy, idle = Stub(fixed(429, headers={"Retry-After": "3600"})), Stub(chat())
        async with engine_on(busy, idle, tries=1) as engine, asyncio.timeout(5):
            await ask_all(engine, 60)
        assert len(busy.bodies) <= 8
        assert len(idle.bodies) == 60

    run(job)


def test_a_refused_request_is_patient_while_others_are_served() -> None:
    async def job() -> None:
        stub = Stub(chat())

        async def unfair(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
            unlucky = asked["seed"] == 7 and sum(body["seed"] == 7 for body in stub.bodies) < 9
            return await (fixed(429) if unlucky else chat())(request, asked)

        stub.replies = (unfair,)
        async with engine_on(stub, tries=3, first_wait=0.05) as engine:
            others = asyncio.create_task(ask_all(engine, 5000))
            await engine.complete(question(seed=7))
            others.cancel()
            await asyncio.gather(others, return_exceptions=True)

    run(job)
