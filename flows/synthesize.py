"""The flow that writes a dataset: a task writes shards, and what is on disk says which ones."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from crowdglot.datasets.folder import locked
from crowdglot.datasets.funnel import Funnel
from crowdglot.datasets.shards import Shard
from crowdglot.datasets.storage.location import desk
from crowdglot.engines.engine import Engine
from crowdglot.errors import CrowdglotError, EngineError
from crowdglot.writing.binding import claim_dataset
from crowdglot.writing.budget import Budget
from crowdglot.writing.ending.finish import counted, finish, finished, is_done
from crowdglot.writing.ending.references import check_beside
from crowdglot.writing.judging import Jury
from crowdglot.writing.machines.artifacts import publish
from crowdglot.writing.machines.crew import crew
from crowdglot.writing.machines.shard_locks import check_alone
from crowdglot.writing.opened import Job, open_job
from crowdglot.writing.recipe import Recipe
from crowdglot.writing.rounds import Write, write_rounds
from crowdglot.writing.run import CURRENT, Run, engage, running
from crowdglot.writing.shards.in_order import MOST_TASKS, fill_in_order
from crowdglot.writing.signals import stopping_on_signals
from crowdglot.writing.watch import Stop, Tally

# What the command began to load while Prefect was starting, and the run's counters.
WARM: ContextVar[asyncio.Task[tuple[Engine, Jury]] | None] = ContextVar(
    "crowdglot_warm", default=None
)
WATCHED: ContextVar[tuple[Stop, Tally] | None] = ContextVar("crowdglot_watched", default=None)


@task(
    name="shards",
    task_run_name="shards from {ranks[0]}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def write_shards(recipe: Recipe, ranks: Sequence[int]) -> int:
    """Write the shards of these ranks; how many were written before the run was stopped."""
    run = CURRENT.get()
    written = await fill_in_order(run, [run.job.shard(rank) for rank in ranks])
    get_run_logger().info("%d of %d shards written, from %d on", written, len(ranks), ranks[0])
    return written


@flow(name="synthesize", flow_run_name="{recipe.name}", persist_result=False)
async def synthesize(recipe: Recipe) -> State[dict[str, Any]]:
    """Write all shards of ``recipe`` that are not on disk yet, then metrics, report and card.

    Ends as Completed, "CompletedShort" where cells fell short of their quota, "Stopped" after a
    signal, "BudgetSpent", or failed as "Refused" with one sentence. Running it again goes on where
    it ended.
    """
    try:
        return await _synthesize(recipe)
    except CrowdglotError as error:
        return Failed(name="Refused", message=str(error))


async def _synthesize(recipe: Recipe) -> State[dict[str, Any]]:
    job = open_job(recipe)
    stop, tally = WATCHED.get() or (Stop(), Tally())
    check_beside(job)
    with locked(job.folder), stopping_on_signals(stop):
        claim_dataset(job)
        budget = Budget.of(job)
        funnel = finished(job)
        if funnel is None:
            await write_rounds(job, stop, tally, partial(_writing, job, stop, tally, budget))
            if is_done(job):
                stop.wanted, stop.spent = False, ""  # it came when nothing was left to do
            measured = bool(stop.spent) or not stop.wanted
            with tally.busy():
                funnel = await _finished(job, stop, measured=measured)
            if measured:
                await publish(job, funnel)
    return _final_state(funnel, stop)


async def _finished(job: Job, stop: Stop, *, measured: bool) -> Funnel:
    """Finish; where a budget is spent, that is the news, and what could not be measured comes
    behind it."""
    try:
        return await asyncio.to_thread(finish, job, stopped=stop.wanted, by_meaning=measured)
    except EngineError as error:
        funnel = counted(job)
        if not stop.spent or funnel is None:
            raise
        stop.spent += f" {error}"
        return funnel


def _final_state(funnel: Funnel, stop: Stop) -> State[dict[str, Any]]:
    metrics = funnel.as_metrics()
    if stop.spent:
        return Completed(name="BudgetSpent", message=stop.spent, data=metrics)
    if stop.wanted:
        return Completed(name="Stopped", message="Run the same again to go on.", data=metrics)
    if funnel.short:
        message = f"{len(funnel.short)} cells of language and event fell short of their quota."
        return Completed(name="CompletedShort", message=message, data=metrics)
    return Completed(data=metrics)


@asynccontextmanager
async def _writing(job: Job, stop: Stop, tally: Tally, budget: Budget) -> AsyncIterator[Write]:
    """What writes missing shards: this process, or the workers that the recipe wants."""
    if job.recipe.machines.runner == "here":
        check_alone(desk(job.folder))
        tools = await (WARM.get() or engage(job))
        async with running(job, tools, stop, tally, budget) as run:
            yield partial(_write, run)
    else:
        async with crew(job, stop, tally, budget) as workers:
            yield workers.write


async def _write(run: Run, missing: Sequence[Shard]) -> None:
    """Write the missing shards, some to a task, each task when the one before has opened its own.

    So the engine never waits for a shard's last dialogue, and Prefect is never given more than it
    can keep.
    """
    CURRENT.set(run)
    ranks = [shard.rank for shard in missing]
    size = -(-len(ranks) // MOST_TASKS)
    async with asyncio.TaskGroup() as group:
        for start in range(0, len(ranks), size):
            run.opened.clear()
            group.create_task(write_shards(run.job.recipe, ranks[start : start + size]))
            await run.opened.wait()
            if run.stop.wanted:
                break
