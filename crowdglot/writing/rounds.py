"""The rounds of a run: write what is missing, take out near-duplicates, fill their places."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from crowdglot.datasets.shards import Shard, incomplete
from crowdglot.writing.ending.deduplicate import deduplicate, take_out, touched
from crowdglot.writing.opened import Job
from crowdglot.writing.watch import Stop, Tally

Write = Callable[[Sequence[Shard]], Awaitable[object]]


async def write_rounds(
    job: Job,
    stop: Stop,
    tally: Tally,
    writing: Callable[[], AbstractAsyncContextManager[Write]],
) -> None:
    """Go round until nothing is missing, or there is a reason to stop; raises ``stop.cause``.

    ``writing`` is entered once, and only if there is anything to write.
    """
    write: Write | None = None
    async with AsyncExitStack() as stack:
        with tally.busy():
            await take_out(job, tally)
        for _ in range(max(1, job.recipe.duplicates.rounds)):
            if missing := incomplete(job.folder, job.shards()):
                touched(job)
                if write is None:
                    write = await stack.enter_async_context(writing())
                await write(missing)
            if stop.cause:
                raise stop.cause
            if stop.wanted:
                break
            with tally.busy():
                if not await deduplicate(job, tally):
                    break
