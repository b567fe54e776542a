"""Shards of one run, opened in order as the engine has room for their questions."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from crowdglot.datasets.shards import Shard, begun
from crowdglot.errors import CrowdglotError
from crowdglot.writing.run import Run
from crowdglot.writing.shards.filling import fill_shard

# Prefect's server keeps and shows so many tasks of one flow run with ease.
MOST_BATCHES = 500


async def fill_in_order(
    run: Run, shards: Sequence[Shard], opened_all: Callable[[], None] = lambda: None
) -> int:
    """Open one shard after the other; how many were written.

    ``opened_all`` is called once all are opened. An error of ours stops the run
    (``stop.cause``) and is not raised.
    """
    filling: list[asyncio.Task[bool]] = []
    closing: set[Shard] | None = None
    async with asyncio.TaskGroup() as group:
        try:
            for shard in shards:
                await run.queue.open_shard(shard.size)
                if run.over():
                    if closing is None:
                        # What is paid for goes into files where a budget is spent.
                        spent = bool(run.watch.stop.spent)
                        closing = set(begun(run.opened.folder, shards)) if spent else set()
                    if shard not in closing:
                        run.queue.close(shard.size)
                        if closing:
                            continue
                        break
                filling.append(group.create_task(_fill(run, shard)))
        finally:
            opened_all()
    return sum(shard.result() for shard in filling)


async def fill_in_batches(
    run: Run,
    shards: Sequence[Shard],
    batch: Callable[[int, Callable[[], Awaitable[int]]], Awaitable[object]],
) -> None:
    """Fill all shards in at most ``MOST_BATCHES`` batches.

    ``batch(rank, fill)`` fills one batch, whose first shard has this rank; it may wrap ``fill`` in
    a task of its own. A batch begins when the one before has opened all its shards, so that the
    engine never waits for the last dialogue of a batch.
    """
    size = max(1, -(-len(shards) // MOST_BATCHES))
    async with asyncio.TaskGroup() as group:
        for start in range(0, len(shards), size):
            some, all_open = shards[start : start + size], asyncio.Event()

            async def fill(some: Sequence[Shard] = some, all_open: asyncio.Event = all_open) -> int:
                return await fill_in_order(run, some, all_open.set)

            group.create_task(_all_open_in_the_end(batch(some[0].rank, fill), all_open))
            await all_open.wait()
            if run.watch.stop.wanted:
                break


async def _all_open_in_the_end(batch: Awaitable[object], all_open: asyncio.Event) -> None:
    """Nobody waits for ever for a batch that fails before it opens its shards."""
    try:
        await batch
    finally:
        all_open.set()


async def _fill(run: Run, shard: Shard) -> bool:
    try:
        return await fill_shard(run, shard)
    except CrowdglotError as error:
        # Not raised: other calls are under way, and what they bring has been paid for. Its
        # dialogues may not be counted off yet, and nobody shall wait for them.
        run.watch.stop.because(error)
        run.queue.close(shard.size)
        return False
