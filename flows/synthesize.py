"""The flow that writes a dataset: one task a shard, and what is on disk decides what is missing."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from contextvars import ContextVar
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from crowdglot.errors import CrowdglotError
from engines.engine import Engine
from flows.deduplicate import check_against, deduplicate, take_out, touched
from flows.finish import finish
from flows.gate import Gate
from flows.job import Job, open_job
from flows.recipe import Recipe
from flows.run import CURRENT, Run, start_engine, stopping_on_signals
from flows.shard import Stop, Tally, fill_shard
from outputs.folder import claim, locked
from outputs.shards import Shard, is_complete

# An engine that the command began to load while Prefect was starting, and the run's counters.
WARM: ContextVar[asyncio.Task[Engine] | None] = ContextVar("crowdglot_warm_engine", default=None)
WATCHED: ContextVar[tuple[Stop, Tally] | None] = ContextVar("crowdglot_watched", default=None)


@task(
    name="shard",
    task_run_name="{language}-{number:05d}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def write_one_shard(recipe: Recipe, language: str, number: int) -> bool:
    """Write one shard of the recipe's dataset; False if the run was stopped before its end."""
    job, run = open_job(recipe), CURRENT.get()
    shards = job.shards()
    rank, shard = next(
        (rank, shard)
        for rank, shard in enumerate(shards)
        if shard.language == language and shard.number == number
    )
    written = await fill_shard(job, shard, run.engine, run.gate, run.stop, run.tally, rank)
    get_run_logger().info("%s %s: %s", language, shard.name, "written" if written else "stopped")
    return written


@flow(name="synthesize", flow_run_name="{recipe.name}", persist_result=False)
async def synthesize(recipe: Recipe) -> State[dict[str, Any]]:
    """Write all shards of ``recipe`` that are not on disk yet, then metrics and card.

    Ends as Completed, "CompletedShort" where cells fell short of their quota, "Stopped" after a
    signal, or failed as "Refused" with one sentence. Running it again goes on where it ended.
    """
    try:
        return await _synthesize(recipe)
    except CrowdglotError as error:
        return Failed(name="Refused", message=str(error))


async def _synthesize(recipe: Recipe) -> State[dict[str, Any]]:
    job = open_job(recipe)
    stop, tally = WATCHED.get() or (Stop(), Tally())
    check_against(job)
    with locked(job.folder), stopping_on_signals(stop):
        claim(job.folder, recipe.model_dump(mode="json"), job.identity())
        run: Run | None = None
        async with AsyncExitStack() as engines:
            await take_out(job, tally)
            for _ in range(max(1, recipe.duplicates.rounds)):
                missing = [shard for shard in job.shards() if not is_complete(job.folder, shard)]
                if missing:
                    touched(job)
                    run = run or await _start(job, stop, tally, engines)
                    await _write(run, job, missing)
                if stop.cause:
                    raise stop.cause
                if stop.wanted or not await deduplicate(job, tally):
                    break
        funnel = finish(job)
    metrics = funnel.as_metrics()
    if stop.wanted:
        return Completed(name="Stopped", message="Run the same again to go on.", data=metrics)
    if funnel.short:
        message = f"{len(funnel.short)} cells of language and event fell short of their quota."
        return Completed(name="CompletedShort", message=message, data=metrics)
    return Completed(data=metrics)


async def _start(job: Job, stop: Stop, tally: Tally, engines: AsyncExitStack) -> Run:
    """The run with its engine, which is left when ``engines`` are."""
    engine = await (WARM.get() or start_engine(job.recipe))
    engines.push_async_exit(engine)
    return Run(engine, Gate(engine.concurrency), stop, tally)


async def _write(run: Run, job: Job, missing: Sequence[Shard]) -> None:
    """Write the missing shards, a window of them at a time so that the engine never waits."""
    CURRENT.set(run)
    # One shard more than the engine can be busy with, so that it need not wait for a shard's last
    # dialogue; with one call at a time there is no such wait.
    calls = run.engine.concurrency
    window = asyncio.Semaphore(1 + -(-calls // job.recipe.shard_size) if calls > 1 else 1)

    async def one(shard: Shard) -> None:
        async with window:
            if not run.stop.wanted:
                await write_one_shard(job.recipe, shard.language, shard.number)

    async with asyncio.TaskGroup() as group:
        for shard in missing:
            group.create_task(one(shard))
