"""``write_dataset``: a recipe becomes a dataset, without Prefect and without a terminal."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Literal

from crowdglot.datasets.folder import locked
from crowdglot.datasets.funnel import Funnel, stored_funnel
from crowdglot.datasets.shards import Shard, incomplete, set_aside_damaged
from crowdglot.datasets.storage.location import Location
from crowdglot.errors import EngineError
from crowdglot.writing.binding import bind_dataset
from crowdglot.writing.budget import Budget
from crowdglot.writing.ending.duplicates import carry_out, note_writing, withdraw_duplicates
from crowdglot.writing.ending.finish import finish, finished, is_done
from crowdglot.writing.ending.references import check_references
from crowdglot.writing.opened import OpenedRecipe, open_recipe
from crowdglot.writing.pool import iterations_left, seal
from crowdglot.writing.recipe import Recipe
from crowdglot.writing.shards.in_order import in_this_process
from crowdglot.writing.watch import Watch

WriteShards = Callable[[Sequence[Shard]], Awaitable[object]]
# How shards are written: entered once, and only where one is missing. What it gives returns when
# all shards it was given are written, or a stop is wanted.
ShardWriter = Callable[[OpenedRecipe, Watch, Budget], AbstractAsyncContextManager[WriteShards]]
State = Literal["complete", "short", "stopped", "budget_spent"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. ``state``: "short" where cells of language and event fell short of their
    quota. ``message``: one sentence on it, or "". ``unfinished``: shards that want more dialogues.
    ``wrote``: whether anything was missing before. ``damaged``: files that were set aside."""

    funnel: Funnel
    state: State = "complete"
    message: str = ""
    unfinished: int = 0
    wrote: bool = False
    damaged: tuple[Location, ...] = ()


async def write_dataset(
    recipe: Recipe,
    watch: Watch | None = None,
    *,
    shards: ShardWriter | None = None,
    verify: bool = False,
) -> Outcome:
    """Write all of ``recipe`` that is not on disk yet, then metrics, report and card.

    What exists on disk is the only ledger: after a stop or a crash the same call goes on.
    ``watch``: for whoever wants to see the progress, may stop it, or is told what is in doubt.
    ``shards``: how shards are written; by default in this process, or by the recipe's machines.
    ``verify``: whether to look for damaged files first. Raises CrowdglotError: what can be wrong in
    the recipe, or a cause that made going on pointless.
    """
    watch = watch or Watch()
    open_recipe(recipe)  # what is wrong in it is found before a pool is written
    for iteration, path in iterations_left(recipe):
        # A wish to stop at its very end is none to begin the next one.
        outcome = await _write_one(iteration, watch, shards, verify=verify, last=False)
        if outcome.state in ("stopped", "budget_spent"):
            return outcome
        seal(iteration, path, recipe.pool.keep)
    return await _write_one(recipe, watch, shards, verify=verify, last=True)


async def _write_one(
    recipe: Recipe, watch: Watch, shards: ShardWriter | None, *, verify: bool, last: bool
) -> Outcome:
    """Write the dataset of the recipe, or of an iteration of its pool, which is not the last."""
    opened = open_recipe(recipe)
    check_references(opened)
    with locked(opened.folder):
        bind_dataset(opened)
        damaged = tuple(set_aside_damaged(opened.folder, opened.shards())) if verify else ()
        funnel = finished(opened)
        if funnel is not None:
            return Outcome(funnel, *_state(funnel, watch), damaged=damaged)
        watch.tell(opened.doubts)
        await _write(opened, watch, shards or _usual(recipe), Budget.of(opened, watch))
        if last and is_done(opened):
            watch.stop.take_back()
        with watch.progress.busy():
            funnel = await _finish(opened, watch)
        unfinished = len(incomplete(opened.folder, opened.shards()))
        return Outcome(funnel, *_state(funnel, watch), unfinished, wrote=True, damaged=damaged)


def _usual(recipe: Recipe) -> ShardWriter:
    if recipe.machines.runner == "here":
        return in_this_process()
    from crowdglot.writing.machines.crew import on_machines  # Prefect is not loaded without need

    return on_machines


async def _write(opened: OpenedRecipe, watch: Watch, shards: ShardWriter, budget: Budget) -> None:
    """Write what is missing, withdraw near-duplicates and write others for them, round after round.

    Raises ``stop.cause``.
    """
    write: WriteShards | None = None
    async with AsyncExitStack() as stack:
        with watch.progress.busy():
            await carry_out(opened, watch)
        for _ in range(max(1, opened.recipe.duplicates.rounds)):
            if missing := incomplete(opened.folder, opened.shards()):
                note_writing(opened)
                if write is None:
                    write = await stack.enter_async_context(shards(opened, watch, budget))
                await write(missing)
            if watch.stop.cause:
                raise watch.stop.cause
            if watch.stop.wanted:
                break
            with watch.progress.busy():
                if not await withdraw_duplicates(opened, watch):
                    break


async def _finish(opened: OpenedRecipe, watch: Watch) -> Funnel:
    """Finish; where a budget is spent, that is the news, and what could not be measured comes
    after it."""
    stop = watch.stop
    measured = bool(stop.spent) or not stop.wanted
    try:
        return await asyncio.to_thread(finish, opened, stopped=stop.wanted, by_meaning=measured)
    except EngineError as error:
        funnel = stored_funnel(opened.folder)
        if not stop.spent or funnel is None:
            raise
        stop.spent += f" {error}"
        return funnel


def _state(funnel: Funnel, watch: Watch) -> tuple[State, str]:
    if watch.stop.spent:
        return "budget_spent", watch.stop.spent
    if watch.stop.wanted:
        return "stopped", "Nothing is lost: run the same command again to go on."
    if funnel.short:
        short = len(funnel.short)
        return "short", f"{short} cells of language and event fell short of their quota."
    return "complete", ""
