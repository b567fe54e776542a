"""What the flows share: writing as a flow run, what Prefect asks of it meanwhile, and refusals."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, chdir, contextmanager
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.deployments import arun_deployment
from prefect.exceptions import Pause
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed, Failed
from pydantic import Field

from crowdglot.errors import ConfigurationError, CrowdglotError
from crowdglot.writing.machines.artifacts import create_artifacts
from crowdglot.writing.machines.crew import on_machines
from crowdglot.writing.opened import open_recipe
from crowdglot.writing.recipe import Recipe
from crowdglot.writing.run import Started
from crowdglot.writing.shards.in_order import in_this_process
from crowdglot.writing.signals import stopping_on_signals
from crowdglot.writing.watch import Stop, Watch
from crowdglot.writing.write import Outcome, write_dataset

_STATES = {"short": "CompletedShort", "stopped": "Stopped", "budget_spent": "BudgetSpent"}
_LOOK_SECONDS = 2.0

Directory = Annotated[
    str,
    Field(
        description="Where paths of the recipe that are not absolute begin; the worker must see "
        "it. Empty: where the worker's process begins."
    ),
]


async def write_in_flow(
    recipe: Recipe,
    watch: Watch | None = None,
    tell: Callable[[Outcome], None] = lambda _: None,
    started: Awaitable[Started] | None = None,
    *,
    verify: bool = False,
) -> State[dict[str, Any]]:
    """Write what is missing of ``recipe``, a task for each batch of shards; the final state.

    A signal, and a cancellation or suspension that is asked for in Prefect, stop it between two
    calls. ``watch``: by default one that warns in the run's log. ``tell``, ``started``,
    ``verify``: see ``flows.synthesize.watched``. Raises CrowdglotError, and Prefect's own Pause
    where the run is suspended.
    """
    watch = watch or Watch(warn=get_run_logger().warning)
    here = recipe.machines.runner == "here"
    shards = in_this_process(started, partial(_as_task, watch.stop)) if here else on_machines
    for sentence in open_recipe(recipe).left_out:
        get_run_logger().warning(sentence)
    with stopping_on_signals(watch.stop):
        async with _obeying(watch.stop):
            outcome = await write_dataset(recipe, watch, shards=shards, verify=verify)
        tell(outcome)
        if outcome.wrote and outcome.state != "stopped":
            await create_artifacts(recipe, outcome.funnel)
    if outcome.state == "stopped" and (wish := await _wish()):
        if wish.is_paused():
            raise Pause(state=wish)
        return Cancelled(message=outcome.message)
    metrics = outcome.funnel.as_metrics()
    if name := _STATES.get(outcome.state):
        return Completed(name=name, message=outcome.message, data=metrics)
    return Completed(data=metrics)


async def _as_task(stop: Stop, rank: int, fill: Callable[[], Awaitable[int]]) -> int:
    """Fill one batch of shards as a task of the flow run.

    Of a run that is suspended Prefect interrupts the task that begins or ends next; the others
    shall end in good order.
    """

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

    try:
        return await shards()
    except Pause:
        stop.wanted = True
        return 0


async def _wish() -> State | None:
    """What was asked for in Prefect: "Cancelling", or "Suspended"; it takes no other end then."""
    try:
        async with get_client() as client:
            state = (await client.read_flow_run(UUID(str(flow_run.id)))).state
    except Exception:  # the server may be gone: then it does not matter
        return None
    suspended = state and state.is_paused() and state.state_details.pause_reschedule
    return state if state and (suspended or state.is_cancelling()) else None


@asynccontextmanager
async def _obeying(stop: Stop) -> AsyncIterator[None]:
    """Ask for a stop once Prefect is asked for one; a worker signals a cancellation only."""

    async def look() -> None:
        while True:
            if await _wish():
                stop.wanted = True
                return
            await asyncio.sleep(_LOOK_SECONDS)

    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()


async def unless_refused(
    work: Callable[[], Awaitable[State[Any]]], directory: str = ""
) -> State[Any]:
    """What ``work`` returns, done in ``directory``; "Refused" with one sentence on an error of
    ours."""
    try:
        with _within(directory):
            return await work()
    except CrowdglotError as error:
        return Failed(name="Refused", message=str(error))


async def begin(deployment: str) -> None:
    """Have Prefect run a deployment, and not wait for it; where it cannot, the log says so.

    Prefect's own triggers would do it too, but lose what its server has no time for.
    """
    try:
        await arun_deployment(deployment, timeout=0, as_subflow=False)
    except Exception as error:  # the dataset is written: the next night tries again
        get_run_logger().error("%s could not be started: %s", deployment, error)


@contextmanager
def _within(directory: str) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(chdir(directory or os.curdir))
        except OSError as error:
            raise ConfigurationError(
                f"{directory}: the worker does not see this folder ({error.strerror}); start the "
                "worker where it is, or deploy from a folder that both see."
            ) from None
        yield
