"""Shards written by other processes, here or on other machines, through Dask or Ray.

The run sends batches of shards, a few ahead of the workers, and counts what their reports say. What
is finished, it reads from the dataset's folder, which all machines share. A batch whose worker was
killed is given to another one, and goes on from the journals of the first.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.settings import PREFECT_API_URL, temporary_settings

from crowdglot.datasets.shards import Shard, incomplete
from crowdglot.datasets.storage.files import write_text
from crowdglot.datasets.storage.location import local_folder
from crowdglot.errors import CrowdglotError, StorageError
from crowdglot.writing.budget import Budget
from crowdglot.writing.machines.cluster import api_url, runner_class, started
from crowdglot.writing.machines.worker import STOP, BatchCounts, fill_batch
from crowdglot.writing.opened import OpenedRecipe
from crowdglot.writing.recipe import Recipe
from crowdglot.writing.shards.beginning import check_beginning
from crowdglot.writing.shards.in_order import MOST_BATCHES
from crowdglot.writing.watch import Watch

# Batches sent for each worker: the one it is at, and the next.
_AHEAD = 2
# After a round in which no shard was written, for its workers had died or others held the shards,
# so long is waited. A file server that lost sight of a machine frees its locks after 90 seconds.
_PAUSES = (5.0, 25.0, 125.0)
_LOOK_SECONDS = 0.2
# Longer than an answer may take, a worker is not waited for once a stop is wanted: a cluster that
# has lost all its workers would never say so.
_GRACE_SECONDS = 30.0
_SILENT = "no answer after a stop"


@task(
    name="shards",
    task_run_name="shards from {ranks[0]}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def write_batch(
    recipe: Recipe, ranks: Sequence[int], tokens: int | None, deadline: float | None
) -> BatchCounts:
    """Write the shards of these ranks in a worker's process; see ``fill_batch``."""
    # This function is sent to the worker as it stands; what it calls is imported there.
    report = fill_batch(recipe, ranks, tokens, deadline)
    get_run_logger().info(
        "%d of %d shards written, from %d on", report.written, len(ranks), ranks[0]
    )
    return report


class Crew:
    """Workers under way. ``runner``: one of Prefect's task runners, started."""

    def __init__(self, opened: OpenedRecipe, runner: Any, watch: Watch, budget: Budget) -> None:
        # A worker may have another working directory.
        output = {"output": str(opened.folder.resolve())}
        self._recipe = opened.recipe.model_copy(update=output)
        self._opened, self._runner = opened, runner
        self._watch, self._budget = watch, budget
        self._most = _AHEAD * opened.recipe.machines.workers
        self._unsent = self._sent = self._promised = 0  # batches, batches, tokens
        self._back = asyncio.Event()

    async def write(self, missing: Sequence[Shard]) -> None:
        """Have the missing shards written, round after round, until none is missing.

        Ends before on a stop or a spent budget; an error stops the run (``stop.cause``).
        """
        in_vain, lost = 0, ""
        while missing and not self._over():
            asked = self._watch.progress.tokens
            lost = await self._round(missing) or lost
            left = incomplete(self._opened.folder, self._opened.shards())
            if not left or self._over():
                return
            # A batch may come back unfinished, with its share of a budget spent.
            if len(left) < len(missing) or self._watch.progress.tokens > asked:
                in_vain = 0
            elif in_vain == len(_PAUSES):
                self._watch.stop.because(_nobody(len(left), lost))
            else:
                await self._pause(_PAUSES[in_vain])
                in_vain += 1
            missing = left

    async def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._over():
            await asyncio.sleep(min(_LOOK_SECONDS, seconds))
            if time.monotonic() >= end:
                return

    async def _round(self, missing: Sequence[Shard]) -> str:
        """Send all batches once; what was said of the last one whose worker was lost."""
        room = asyncio.Semaphore(self._most)
        losses: list[str] = []
        batches = list(self._batches(missing))
        self._unsent = len(batches)

        async def one(ranks: Sequence[int]) -> None:
            try:
                with self._watch.progress.busy():
                    told = await self._send(ranks)
            finally:
                room.release()
            if isinstance(told, BatchCounts):
                self._count(told)
            else:
                losses.append(told)

        watch = asyncio.create_task(self._pass_on_stop())
        try:
            async with asyncio.TaskGroup() as group:
                for ranks in batches:
                    await room.acquire()
                    if self._over():
                        break
                    group.create_task(one(ranks))
        finally:
            watch.cancel()
        return losses[-1] if losses else ""

    def _batches(self, missing: Sequence[Shard]) -> Iterator[list[int]]:
        recipe = self._opened.recipe
        size = batch_size(
            len(missing), recipe.shard_size, recipe.machines.workers, recipe.engine.calls
        )
        for start in range(0, len(missing), size):
            yield [shard.rank for shard in missing[start : start + size]]

    async def _send(self, ranks: Sequence[int]) -> BatchCounts | str:
        """Send one batch and wait; its report, or why there is none."""
        deadline = None
        if self._budget.until is not None:
            deadline = time.time() + self._budget.until - time.monotonic()
        async with self._share() as tokens:
            if self._over():
                return BatchCounts()
            future = self._runner.submit(
                write_batch,
                {"recipe": self._recipe, "ranks": ranks, "tokens": tokens, "deadline": deadline},
            )
            return await asyncio.to_thread(_told, future) if await self._done(future) else _SILENT

    @asynccontextmanager
    async def _share(self) -> AsyncIterator[int | None]:
        """The tokens that one batch may take: an equal part of what no other has been promised.

        Waits where that is nothing, until a batch is back and has taken less, or the budget is
        spent.
        """
        tokens = None
        if (left := self._budget.tokens) is not None:
            while (free := left - self._watch.progress.tokens - self._promised) <= 0 and self._sent:
                self._back.clear()
                await self._back.wait()
            tokens = max(1, free // max(1, min(self._most - self._sent, self._unsent)))
        self._unsent -= 1
        self._sent += 1
        self._promised += tokens or 0
        try:
            yield tokens
        finally:
            self._sent -= 1
            self._promised -= tokens or 0
            self._back.set()

    async def _done(self, future: Any) -> bool:
        """Wait for a task; False if it is given up, some time after a wish to stop."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(done.set))
        patience = self._opened.recipe.engine.time_out + _GRACE_SECONDS
        while not done.is_set() and patience > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), _LOOK_SECONDS)
            patience -= _LOOK_SECONDS if self._watch.stop.wanted else 0
        return done.is_set()

    def _count(self, report: BatchCounts) -> None:
        self._watch.progress.take_in(report.progress)
        if report.error:
            self._watch.stop.because(CrowdglotError(report.error))
        check_beginning(self._opened, self._watch)
        if self._unsent > 0 or self._sent > 0:
            self._over()

    def _over(self) -> bool:
        return self._budget.over(self._watch)

    async def _pass_on_stop(self) -> None:
        """Let the workers know of a wish to stop; on a full disk they finish their batches."""
        while True:
            if self._watch.stop.wanted:
                with suppress(StorageError):
                    write_text(local_folder(self._opened.folder) / STOP, self._watch.stop.spent)
                return
            await asyncio.sleep(_LOOK_SECONDS)


def _told(future: Any) -> BatchCounts | str:
    """The report of a task; where there is none (its worker died, the scheduler is gone, a fault
    of ours, which Prefect's log shows), what is known of it."""
    try:
        told = future.result(raise_on_failure=False)
    except Exception as lost:
        told = lost
    return told if isinstance(told, BatchCounts) else f"{type(told).__name__}: {told}"


def _nobody(shards: int, lost: str) -> CrowdglotError:
    cause = f"the last worker was lost with {lost}" if lost else "other processes hold them"
    return CrowdglotError(
        f"{shards} shards could not be written: {cause}; look at the workers' logs, then run the "
        "same command again."
    )


def batch_size(shards: int, shard_size: int, workers: int, concurrency: int) -> int:
    """How many shards make a batch.

    A batch costs a worker the time of about one answer, in which the last ones come in and fewer
    and fewer calls are under way; that is ``concurrency`` dialogues' worth. The last batches cost
    the run about half a batch, in which some workers are done and others not. The sum is least at
    the square root of ``2 * concurrency * dialogues of a worker``.
    """
    best = math.sqrt(2 * concurrency * shards * shard_size / workers) / shard_size
    return max(1, round(best), math.ceil(shards / MOST_BATCHES))


@asynccontextmanager
async def on_machines(
    opened: OpenedRecipe, watch: Watch, budget: Budget
) -> AsyncIterator[Callable[[Sequence[Shard]], Awaitable[None]]]:
    """A ``ShardWriter``: the recipe's workers, started if they are not there, ended at the end."""
    settings = opened.recipe.machines
    make = runner_class(settings)
    url = await api_url(settings)
    message = local_folder(opened.folder) / STOP
    message.unlink(missing_ok=True)
    # Without this every worker would start a Prefect server of its own.
    with temporary_settings({PREFECT_API_URL: url}), started(make, settings) as runner:
        try:
            yield Crew(opened, runner, watch, budget).write
        finally:
            message.unlink(missing_ok=True)
