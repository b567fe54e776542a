"""The flow that writes a dataset: a task writes a batch of shards, and the disk says which ones."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from prefect import Flow, flow
from prefect.client.schemas.objects import State

from crowdglot.writing.machines.flow_run import unless_refused, write_in_flow
from crowdglot.writing.recipe import Recipe
from crowdglot.writing.run import Started
from crowdglot.writing.watch import Watch
from crowdglot.writing.write import Outcome


@flow(name="synthesize", flow_run_name="{recipe.name}", persist_result=False)
async def synthesize(recipe: Recipe) -> State[dict[str, Any]]:
    """Write all shards of ``recipe`` that are not on disk yet, then metrics, report and card.

    Ends as Completed, "CompletedShort" where cells fell short of their quota, "Stopped" after a
    signal, Cancelled, "BudgetSpent", or failed as "Refused"; the next run goes on from there.
    """
    return await unless_refused(lambda: write_in_flow(recipe))


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

    caller = _Caller(watch, tell, started, verify)

    async def synthesize(recipe: Recipe) -> State[dict[str, Any]]:
        return await unless_refused(lambda: caller.write(recipe))

    return flow(name="synthesize", flow_run_name="{recipe.name}", persist_result=False)(synthesize)


@dataclass(frozen=True, slots=True)
class _Caller:
    """What stays with the caller: Prefect sends the flow to workers, which do nothing with it, and
    what belongs to a terminal cannot be sent."""

    watch: Watch | None = None
    tell: Callable[[Outcome], None] = lambda _: None
    started: Awaitable[Started] | None = None
    verify: bool = False

    def __reduce__(self) -> tuple[type["_Caller"], tuple[()]]:
        return _Caller, ()

    async def write(self, recipe: Recipe) -> State[dict[str, Any]]:
        return await write_in_flow(recipe, self.watch, self.tell, self.started, verify=self.verify)
