"""Shards written in this process, by an engine that is opened for the run."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from crowdglot.datasets.shards import Shard
from crowdglot.datasets.storage.location import local_folder
from crowdglot.writing.budget import Budget
from crowdglot.writing.machines.shard_locks import check_no_workers
from crowdglot.writing.opened import OpenedRecipe
from crowdglot.writing.run import Started, start
from crowdglot.writing.shards.in_order import fill_in_batches
from crowdglot.writing.watch import Watch

Batch = Callable[[int, Callable[[], Awaitable[int]]], Awaitable[object]]
Write = Callable[[Sequence[Shard]], Awaitable[None]]


async def _plain(_rank: int, fill: Callable[[], Awaitable[int]]) -> int:
    return await fill()


def in_this_process(
    started: Awaitable[Started] | None = None, batch: Batch = _plain
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

            async def write(missing: Sequence[Shard]) -> None:
                await fill_in_batches(run, missing, batch)

            yield write

    return writing
