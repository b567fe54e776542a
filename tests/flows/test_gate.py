"""The gate: never more than it has room for, lower ranks first, no place lost."""

import asyncio

from flows.gate import Gate


def test_ranks_and_room():
    async def run():
        gate, inside, order = Gate(2), 0, []

        async def caller(rank):
            nonlocal inside
            async with gate.enter(rank):
                inside += 1
                assert inside <= 2
                order.append(rank)
                await asyncio.sleep(0)
                inside -= 1

        await asyncio.gather(*(caller(rank) for rank in (9, 9, 3, 1, 2, 1)))
        return order

    assert asyncio.run(run()) == [9, 9, 1, 1, 2, 3]


def test_a_cancelled_caller_leaves_no_place_taken():
    async def run():
        gate = Gate(1)
        entered = []

        async def caller(name):
            async with gate.enter(0):
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
