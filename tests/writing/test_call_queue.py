"""The queue of calls: never more than it has slots for, lower ranks first, no slot lost."""

import asyncio

from crowdglot.writing.shards.call_queue import CallQueue


def test_ranks_and_slots():
    async def run():
        queue, inside, order = CallQueue(2), 0, []

        async def caller(rank):
            nonlocal inside
            async with queue.call((rank, 0)):
                inside += 1
                assert inside <= 2
                order.append(rank)
                await asyncio.sleep(0)
                inside -= 1

        await asyncio.gather(*(caller(rank) for rank in (9, 9, 3, 1, 2, 1)))
        return order

    assert asyncio.run(run()) == [9, 9, 1, 1, 2, 3]


def test_shards_are_opened_as_dialogues_are_closed():
    async def run():
        queue, opened = CallQueue(2), []

        async def open_all():
            for dialogues in (6, 6, 10, 2):
                await queue.open_shard(dialogues)
                opened.append(dialogues)

        task = asyncio.create_task(open_all())
        steps = []
        for closed in (0, 4, 2, 2, 8, 0):
            queue.close(closed)
            for _ in range(3):
                await asyncio.sleep(0)
            steps.append(list(opened))
        task.cancel()
        return steps

    # Never more than 4 x 2 dialogues are open before another shard is.
    assert asyncio.run(run()) == [
        [6, 6], [6, 6], [6, 6, 10], [6, 6, 10], [6, 6, 10, 2], [6, 6, 10, 2],
    ]  # fmt: skip


def test_a_cancelled_caller_leaves_no_slot_taken():
    async def run():
        queue = CallQueue(1)
        entered = []

        async def caller(name):
            async with queue.call((0, 0)):
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


def test_as_many_drafts_as_calls_wait_with_their_prompts():
    async def run():
        queue, ready, inside, out = CallQueue(2), [], [], asyncio.Event()

        async def caller(number):
            async with queue.draft((0, number)):
                ready.append(number)
                async with queue.call((0, number)):
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


def test_the_call_of_a_draft_is_its_own_until_it_ends():
    """Two drafts, one call: the questions of one follow one another."""

    async def run():
        queue, order = CallQueue(1), []

        async def write(name):
            async with queue.draft((0, 0)) as call:
                for question in range(3):
                    await call()
                    order.append(f"{name}{question}")
                    await asyncio.sleep(0)

        await asyncio.gather(write("a"), write("b"))
        async with queue.call((0, 0)):
            order.append("after")
        return order

    assert asyncio.run(run()) == ["a0", "a1", "a2", "b0", "b1", "b2", "after"]
