"""Who gets the next question: weights, affinity, room, pauses, and who waits in line."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from crowdglot.dialogues.message import Message
from crowdglot.engines.openai.addresses import read_addresses
from crowdglot.engines.openai.endpoints import Endpoint, Endpoints

THREE = "http://a/v1 http://b/v1 http://c/v1*2"


def run(job: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run ``job`` within ten seconds."""

    async def bounded() -> None:
        async with asyncio.timeout(10):
            await job()

    asyncio.run(bounded())


def asked(prefix: str = "", topic: str = "x") -> tuple[Message, ...]:
    """A question with or without a prefix."""
    last = (Message("user", topic),)
    return (Message("system", prefix), *last) if prefix else last


def shares(endpoints: Endpoints) -> list[int]:
    return [one.pressure.running for one in endpoints.every]


def test_what_runs_follows_the_weights() -> None:
    async def job() -> None:
        endpoints = Endpoints(read_addresses(THREE), 40)
        for _ in range(40):
            await endpoints.take(asked())
        assert shares(endpoints) == [10, 10, 20]

    run(job)


def test_the_same_prefix_prefers_the_same_server_in_every_process() -> None:
    async def job() -> None:
        firsts = []
        for order in (THREE, "http://c/v1*2 http://b/v1 http://a/v1"):
            endpoints = Endpoints(read_addresses(order), 64)
            chosen = []
            for at in range(300):
                one = await endpoints.take(asked(f"prefix {at}"))
                again = await endpoints.take(asked(f"prefix {at}", "another topic"))
                chosen.append((str(one), str(again)))
                endpoints.give(one)
                endpoints.give(again)
            assert sum(one == again for one, again in chosen) == 300
            firsts.append([one for one, _ in chosen])
        assert firsts[0] == firsts[1]
        counts = Counter(firsts[0])
        assert 50 < counts["http://a/v1"] < 100 and 120 < counts["http://c/v1"] < 180

    run(job)


def test_one_prefix_alone_does_not_overload_its_server() -> None:
    async def job() -> None:
        endpoints = Endpoints(read_addresses(THREE), 80)
        for _ in range(80):
            await endpoints.take(asked("the same for all"))
        for one, running in zip(endpoints.every, shares(endpoints), strict=True):
            assert running <= 1.25 * 20 * one.address.weight + 1
        assert sum(shares(endpoints)) == 80

    run(job)


def test_no_more_than_the_ceiling_and_first_come_first_served() -> None:
    async def job() -> None:
        endpoints = Endpoints(read_addresses(THREE), 3)
        held = [await endpoints.take(asked()) for _ in range(3)]
        served: list[int] = []

        async def wait(at: int) -> Endpoint:
            one = await endpoints.take(asked())
            served.append(at)
            return one

        waiting = [asyncio.create_task(wait(at)) for at in range(4)]
        await asyncio.sleep(0)
        assert sum(shares(endpoints)) == 3
        for one in held:
            endpoints.give(one)
        await asyncio.gather(*waiting[:3])
        assert served == [0, 1, 2]
        assert not waiting[3].done()
        endpoints.give(waiting[0].result())
        await waiting[3]
        assert sum(shares(endpoints)) == 3

    run(job)


@pytest.mark.parametrize("given_first", [True, False])
def test_who_is_cancelled_in_line_loses_no_place(given_first: bool) -> None:
    async def job() -> None:
        endpoints = Endpoints(read_addresses("http://a/v1"), 1)
        held = await endpoints.take(asked())
        gone, patient = (asyncio.create_task(endpoints.take(asked())) for _ in range(2))
        await asyncio.sleep(0)
        if given_first:  # cancelled with the place already in hand
            endpoints.give(held)
            gone.cancel()
        else:
            gone.cancel()
            endpoints.give(held)
        assert await patient is held
        assert gone.cancelled() or (await asyncio.gather(gone, return_exceptions=True))
        assert shares(endpoints) == [1]
        endpoints.give(held)
        assert shares(endpoints) == [0]

    run(job)


def test_a_limit_that_rises_lets_in_who_waits() -> None:
    async def job() -> None:
        endpoints = Endpoints(read_addresses("http://a/v1"), 4)
        (one,) = endpoints.every
        one.pressure.limit = 1
        held = [asyncio.create_task(endpoints.take(asked())) for _ in range(4)]
        await asyncio.sleep(0)
        assert shares(endpoints) == [1]
        one.pressure.limit = 3.5
        endpoints.call_up()
        assert shares(endpoints) == [3]
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)

    run(job)


def test_a_paused_server_is_asked_nothing_until_its_time() -> None:
    async def job() -> None:
        endpoints = Endpoints(read_addresses("http://a/v1 http://b/v1"), 8)
        a, b = endpoints.every
        endpoints.pause(a, 0.05)
        endpoints.pause(a, 0.01)  # the longer wish counts
        assert {await endpoints.take(asked()) for _ in range(3)} == {b}
        endpoints.pause(b, 0.3)
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert await endpoints.take(asked()) is a
        assert loop.time() - start > 0.04

    run(job)


def test_who_is_out_is_asked_only_if_all_are() -> None:
    async def job() -> None:
        endpoints = Endpoints(read_addresses("http://a/v1 http://b/v1"), 8)
        a, b = endpoints.every
        endpoints.set_out(a, True)
        assert {await endpoints.take(asked(), avoid=b) for _ in range(3)} == {b}
        assert (endpoints.others(a), endpoints.others(b)) == (1, 0)
        endpoints.set_out(b, True)
        assert await endpoints.take(asked()) is a
        endpoints.set_out(b, False)
        assert await endpoints.take(asked()) is b

    run(job)


def test_who_failed_is_avoided_where_another_has_room() -> None:
    async def job() -> None:
        endpoints = Endpoints(read_addresses("http://a/v1 http://b/v1"), 8)
        a, b = endpoints.every
        first = await endpoints.take(asked("p"))
        endpoints.give(first)
        other = b if first is a else a
        assert await endpoints.take(asked("p"), avoid=first) is other
        other.pressure.limit = 1
        assert await endpoints.take(asked("p"), avoid=first) is first

    run(job)
