"""The shards of one run in this process, opened in order as the engine has room for their
questions."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from crowdglot.datasets.shards import Shard, begun
from crowdglot.datasets.storage.location import local_folder
from crowdglot.errors import CrowdglotError
from crowdglot.writing.budget import Budget
from crowdglot.writing.machines.shard_locks import check_no_workers
from crowdglot.writing.opened import OpenedRecipe
from crowdglot.writing.run import Run, Started, start
from crowdglot.writing.shards.filling import fill_shard
from crowdglot.writing.watch import Watch

# Prefect's server keeps and shows so many tasks of one flow run with ease.
MOST_BATCHES = 500

Batch = Callable[[int, Callable[[], Awaitable[int]]], Awaitable[object]]
Write = Callable[[Sequence[Shard]], Awaitable[None]]


def in_this_process(
    started: Awaitable[Started] | None = None, batch: Batch = lambda _, fill: fill()
) -> Callable[[OpenedRecipe, Watch, Budget], AbstractAsyncContextManager[Write]]:
    """A ``ShardWriter`` for this process.

    ``started``: the engine and judging of this recipe, where somebody has begun to load them.
    ``batch``: what fills one batch of shards, see ``fill_in_batches``.
    """

    @asynccontextmanager
    async def writing(opened: OpenedRecipe, watch: Watch, budget: Budget) -> AsyncIterator[Write]:
        check_no_workers(local_folder(opened.folder))
        async with await (started or start(opened)) as tools:
            run = tools.run(opened, watch, budget)
            watch.tell(tools.doubts)

            async def write(missing: Sequence[Shard]) -> None:
                await fill_in_batches(run, missing, batch)

            yield write

    return writing


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


async def fill_in_batches(run: Run, shards: Sequence[Shard], batch: Batch) -> None:
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
