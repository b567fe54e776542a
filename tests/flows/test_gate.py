"""The gate: never more than it has room for, lower ranks first, no place lost."""

import asyncio

from crowdglot.writing.shards.call_queue import Gate


def test_ranks_and_room():
    async def run():
        gate, inside, order = Gate(2), 0, []

        async def caller(rank):
            nonlocal inside
            async with gate.enter((rank, 0)):
                inside += 1
                assert inside <= 2
                order.append(rank)
                await asyncio.sleep(0)
                inside -= 1

        await asyncio.gather(*(caller(rank) for rank in (9, 9, 3, 1, 2, 1)))
        return order

    assert asyncio.run(run()) == [9, 9, 1, 1, 2, 3]


def test_shards_are_opened_as_places_are_settled():
    async def run():
        gate, opened = Gate(2), []

        async def open_all():
            for places in (3, 3, 5, 1):
                await gate.hungry(places)
                opened.append(places)

        task = asyncio.create_task(open_all())
        steps = []
        for settled in (0, 2, 1, 1, 4, 0):
            gate.settled(settled)
            for _ in range(3):
                await asyncio.sleep(0)
            steps.append(list(opened))
        task.cancel()
        return steps

    # Never more than 2 x 2 places are open before another shard is.
    assert asyncio.run(run()) == [
        [3, 3], [3, 3], [3, 3, 5], [3, 3, 5], [3, 3, 5, 1], [3, 3, 5, 1],
    ]  # fmt: skip


def test_a_cancelled_caller_leaves_no_place_taken():
    async def run():
        gate = Gate(1)
        entered = []

        async def caller(name):
            async with gate.enter((0, 0)):
                entered.append(name)
                await asyncio.sleep(0.01)

        tasks = [asyncio.create_task(caller(name)) for name in "abcd"]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.sleep(0.005)
        tasks[0].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return entered

    assert asyncio.run(run()) == ["a", "c", "d"]


def test_as_many_as_are_inside_make_ready_meanwhile():
    async def run():
        gate, ready, inside, out = Gate(2), [], [], asyncio.Event()

        async def caller(number):
            async with gate.near((0, number)):
                ready.append(number)
                async with gate.enter((0, number)):
                    inside.append(number)
                    await out.wait()

        async with asyncio.TaskGroup() as group:
            for number in range(7):
                group.create_task(caller(number))
            await asyncio.sleep(0.01)
            before = list(ready), list(inside)
            out.set()
        return before, ready, inside

    before, ready, inside = asyncio.run(run())
    assert before == ([0, 1, 2, 3], [0, 1])
    assert ready == sorted(inside) == [0, 1, 2, 3, 4, 5, 6]
