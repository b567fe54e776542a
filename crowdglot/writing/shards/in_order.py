"""A group of shards, the work of one Prefect task: opened in order, as the engine has room."""

import asyncio
from collections.abc import Sequence

from crowdglot.datasets.shards import Shard, begun
from crowdglot.errors import CrowdglotError
from crowdglot.writing.run import Run
from crowdglot.writing.shards.filling import fill_shard

# Prefect's server keeps and shows so many tasks of one flow run with ease.
MOST_TASKS = 500


async def fill_in_order(run: Run, shards: Sequence[Shard]) -> int:
    """Open one shard after the other, as the engine has room; how many were filled.

    An error of ours stops the run (``run.stop.cause``) and is not raised.
    """
    filling: list[asyncio.Task[bool]] = []
    closing: set[Shard] | None = None
    async with asyncio.TaskGroup() as group:
        try:
            for shard in shards:
                await run.gate.hungry(shard.size)
                if run.over():
                    if closing is None:
                        # Whatever is paid for goes into files, where a budget was spent before.
                        spent = bool(run.stop.spent)
                        closing = set(begun(run.job.folder, shards)) if spent else set()
                    if shard not in closing:
                        run.gate.settled(shard.size)
                        if closing:
                            continue
                        break
                filling.append(group.create_task(_fill(run, shard)))
        finally:
            run.opened.set()
    return sum(shard.result() for shard in filling)


async def _fill(run: Run, shard: Shard) -> bool:
    try:
        return await fill_shard(run, shard)
    except CrowdglotError as error:
        # Not raised: other calls are under way, and what they bring has been paid for. Its places
        # may not be counted off yet, and nobody shall wait for them.
        run.stop.because(error)
        run.gate.settled(shard.size)
        return False
