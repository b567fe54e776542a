"""The flow that writes a dataset: a task writes shards, and what is on disk says which ones."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from crowdglot.errors import CrowdglotError
from engines.engine import Engine
from flows.artifacts import publish
from flows.budget import Budget
from flows.claims import check_alone
from flows.deduplicate import check_against, deduplicate, take_out, touched
from flows.finish import finish, finished
from flows.gate import Gate
from flows.group import fill_in_order
from flows.human import human_files
from flows.job import Job, open_job
from flows.jury import Jury
from flows.machines import crew
from flows.recipe import Recipe
from flows.run import CURRENT, Run, engage
from flows.signals import stopping_on_signals
from flows.tally import Stop, Tally
from outputs.folder import claim, locked
from outputs.funnel import Funnel
from outputs.location import desk
from outputs.shards import Shard, incomplete

# What the command began to load while Prefect was starting, and the run's counters.
WARM: ContextVar[asyncio.Task[tuple[Engine, Jury]] | None] = ContextVar(
    "crowdglot_warm", default=None
)
WATCHED: ContextVar[tuple[Stop, Tally] | None] = ContextVar("crowdglot_watched", default=None)
# Prefect's server keeps and shows so many tasks of one flow run with ease.
_MOST_TASKS = 500

_Write = Callable[[Sequence[Shard]], Awaitable[None]]


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
    check_against(job)
    if recipe.reference:
        human_files(Path(recipe.reference))  # a wrong path is told now, not at the end
    with locked(job.folder), stopping_on_signals(stop):
        claim(job.folder, recipe.model_dump(mode="json"), job.identity())
        budget = Budget.of(job)
        funnel = finished(job)
        if funnel is None:
            await _write_all(job, stop, tally, budget)
            funnel = await asyncio.to_thread(finish, job)
            if not stop.wanted:
                await publish(job, funnel)
    return _final_state(funnel, stopped=stop.wanted, spent=budget.spent(tally))


def _final_state(funnel: Funnel, *, stopped: bool, spent: str) -> State[dict[str, Any]]:
    metrics = funnel.as_metrics()
    if stopped:
        return Completed(name="Stopped", message="Run the same again to go on.", data=metrics)
    if spent:
        return Completed(name="BudgetSpent", message=spent, data=metrics)
    if funnel.short:
        message = f"{len(funnel.short)} cells of language and event fell short of their quota."
        return Completed(name="CompletedShort", message=message, data=metrics)
    return Completed(data=metrics)


async def _write_all(job: Job, stop: Stop, tally: Tally, budget: Budget) -> None:
    """Write what is missing, take out near-duplicates, and fill their places, round after round."""
    write: _Write | None = None
    async with AsyncExitStack() as stack:
        await take_out(job, tally)
        for _ in range(max(1, job.recipe.duplicates.rounds)):
            if missing := incomplete(job.folder, job.shards()):
                touched(job)
                if write is None:
                    write = await stack.enter_async_context(_writing(job, stop, tally, budget))
                await write(missing)
            if stop.cause:
                raise stop.cause
            if stop.wanted or budget.spent(tally) or not await deduplicate(job, tally):
                break


@asynccontextmanager
async def _writing(job: Job, stop: Stop, tally: Tally, budget: Budget) -> AsyncIterator[_Write]:
    """What writes missing shards: this process, or the workers that the recipe wants."""
    if job.recipe.machines.runner == "here":
        check_alone(desk(job.folder))
        async with _running(job, stop, tally, budget) as run:
            yield partial(_write, run)
    else:
        async with crew(job, stop, tally, budget) as workers:
            yield workers.write


@asynccontextmanager
async def _running(job: Job, stop: Stop, tally: Tally, budget: Budget) -> AsyncIterator[Run]:
    """The run with its engine and jury, both left at the end."""
    async with AsyncExitStack() as stack:
        engine, jury = await (WARM.get() or engage(job))
        stack.push_async_exit(engine)
        stack.push_async_exit(jury)
        yield Run(job, engine, jury, Gate(engine.concurrency), stop, tally, budget)


async def _write(run: Run, missing: Sequence[Shard]) -> None:
    """Write the missing shards, some to a task, each task when the one before has opened its own.

    So the engine never waits for a shard's last dialogue, and Prefect is never given more than it
    can keep.
    """
    CURRENT.set(run)
    ranks = [shard.rank for shard in missing]
    size = -(-len(ranks) // _MOST_TASKS)
    async with asyncio.TaskGroup() as group:
        for start in range(0, len(ranks), size):
            run.opened.clear()
            group.create_task(write_shards(run.job.recipe, ranks[start : start + size]))
            await run.opened.wait()
            if run.stop.wanted or run.budget.spent(run.tally):
                break
