"""The flow that writes a dataset: a task writes a batch of shards, and the disk says which ones."""

from collections.abc import Awaitable, Callable
from typing import Any

from prefect import Flow, flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

from crowdglot.errors import CrowdglotError
from crowdglot.writing.machines.artifacts import create_artifacts, is_cancelled
from crowdglot.writing.machines.crew import on_machines
from crowdglot.writing.opened import open_recipe
from crowdglot.writing.recipe import Recipe
from crowdglot.writing.run import Started
from crowdglot.writing.shards.in_process import in_this_process
from crowdglot.writing.signals import stopping_on_signals
from crowdglot.writing.watch import Watch
from crowdglot.writing.write import Outcome, write_dataset

_STATES = {"short": "CompletedShort", "stopped": "Stopped", "budget_spent": "BudgetSpent"}


@flow(name="synthesize", flow_run_name="{recipe.name}", persist_result=False)
async def synthesize(recipe: Recipe) -> State[dict[str, Any]]:
    """Write all shards of ``recipe`` that are not on disk yet, then metrics, report and card.

    Ends as Completed, "CompletedShort" where cells fell short of their quota, "Stopped" after a
    signal, Cancelled, "BudgetSpent", or failed as "Refused"; the next run goes on from there.
    """
    return await _synthesize(recipe, Watch(warn=get_run_logger().warning), lambda _: None)


def watched(
    watch: Watch,
    tell: Callable[[Outcome], None],
    started: Awaitable[Started] | None = None,
    *,
    verify: bool = False,
) -> Flow[[Recipe], Any]:
    """The same flow for a caller in this process, who sees its progress and may stop it.

    ``tell`` is called with the outcome. ``started``: the engine, where the caller has begun to load
    it. ``verify``: whether damaged files are looked for.
    """

    async def synthesize(recipe: Recipe) -> State[dict[str, Any]]:
        return await _synthesize(recipe, watch, tell, started, verify=verify)

    return flow(name="synthesize", flow_run_name="{recipe.name}", persist_result=False)(synthesize)


async def _synthesize(
    recipe: Recipe,
    watch: Watch,
    tell: Callable[[Outcome], None],
    started: Awaitable[Started] | None = None,
    *,
    verify: bool = False,
) -> State[dict[str, Any]]:
    here = recipe.machines.runner == "here"
    shards = in_this_process(started, _as_task) if here else on_machines
    try:
        for sentence in open_recipe(recipe).left_out:
            get_run_logger().warning(sentence)
        with stopping_on_signals(watch.stop):
            outcome = await write_dataset(recipe, watch, shards=shards, verify=verify)
            tell(outcome)
            if outcome.wrote and outcome.state != "stopped":
                await create_artifacts(recipe, outcome.funnel)
    except CrowdglotError as error:
        return Failed(name="Refused", message=str(error))
    if outcome.state == "stopped" and await is_cancelled():
        return Cancelled(message=outcome.message)
    return _final_state(outcome)


async def _as_task(rank: int, fill: Callable[[], Awaitable[int]]) -> int:
    """Fill one batch of shards as a task of the flow run."""

    @task(
        name="shards",
        task_run_name=f"shards from {rank}",
        cache_policy=NO_CACHE,
        persist_result=False,
    )
    async def shards() -> int:
        written = await fill()
        get_run_logger().info("%d shards written, from %d on", written, rank)
        return written

    return await shards()


def _final_state(outcome: Outcome) -> State[dict[str, Any]]:
    metrics = outcome.funnel.as_metrics()
    if name := _STATES.get(outcome.state):
        return Completed(name=name, message=outcome.message, data=metrics)
    return Completed(data=metrics)
