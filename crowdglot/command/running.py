"""``crowdglot synthesize`` in a terminal: the flow, a progress bar, and an exit code."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NoReturn

from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from crowdglot.command.output.console import console, print_left_out
from crowdglot.command.output.dialogues import print_dialogues
from crowdglot.command.output.tables import print_funnel
from crowdglot.command.prefect_server import prefect_server
from crowdglot.datasets.folder import locked
from crowdglot.datasets.shards import incomplete, missing_dialogues
from crowdglot.errors import CrowdglotError
from crowdglot.printable import one_line, visible
from crowdglot.writing.binding import check_dataset
from crowdglot.writing.ending.finish import finish, finished
from crowdglot.writing.ending.references import check_references, reference_left_out
from crowdglot.writing.opened import OpenedRecipe, open_recipe
from crowdglot.writing.recipe import Recipe
from crowdglot.writing.run import start
from crowdglot.writing.signals import hold_back_interrupts, let_interrupts_in
from crowdglot.writing.watch import Watch
from crowdglot.writing.write import Outcome

EXIT_CODES = {"stopped": 130, "budget_spent": 3}
_PATIENCE_SECONDS = 10.0
_TELL_SECONDS = 60.0


def run_with_display(recipe: Recipe, show: int = 0, *, verify: bool = False) -> int:
    """Run the flow with a progress bar; the exit code: 0, 3 if a budget is spent, or 130 if a
    signal stopped it.

    Errors of ours are raised as they are. Where all is written, Prefect is not even started.
    """
    opened = open_recipe(recipe)  # what is wrong in the recipe is found before anything starts
    check_references(opened)
    check_dataset(opened)
    print_left_out([*opened.left_out, *reference_left_out(recipe)])
    funnel = None if verify else finished(opened)
    if funnel:
        outcome = Outcome(funnel)
    else:
        with locked(opened.folder):  # or another command would be told once Prefect has started
            outcome = asyncio.run(_run(opened, verify=verify))
    for path in outcome.damaged:
        console.print(warned("damaged:", f" {path}; it is kept under damaged/."), soft_wrap=True)
    print_funnel(outcome.funnel)
    if outcome.funnel.short:
        cells = f"{len(outcome.funnel.short)} cells of language and event fell short of their quota"
        console.print(f"[yellow]{cells}.[/] See failed.jsonl.")
    if code := EXIT_CODES.get(outcome.state, 0):
        console.print(warned("Stopped.", f" {outcome.message}"))
        return code
    if show:
        print_dialogues(recipe.folder, show)
    return 0


async def _run(opened: OpenedRecipe, *, verify: bool) -> Outcome:
    recipe = opened.recipe
    watch, left = announced(opened)
    # The model loads while Prefect starts; not where it needs a key that Prefect keeps, nor where
    # other processes load their own.
    here = recipe.machines.runner == "here"
    early = left and here and not recipe.engine.api_key_block and not recipe.pool.iterations
    started = asyncio.create_task(start(opened)) if early else None
    told = list[Outcome]()
    async with prefect_server() as answering:
        hold_back_interrupts()
        try:
            importing = asyncio.to_thread(import_module, "crowdglot.flows.synthesize")
            waited = [task for task in (answering, started) if task is not None]
            flows, *_ = await asyncio.gather(importing, asyncio.gather(*waited))
            flow = flows.watched(watch, told.append, started, verify=verify)
            with showing(watch, left):
                state = await _unless_abandoned(flow(recipe, return_state=True), opened, watch)
        finally:
            let_interrupts_in()
            if started and not started.done():
                started.cancel()
    if state.name == "Refused":
        raise watch.stop.cause or CrowdglotError(state.message)
    if state.is_failed() or state.is_crashed():
        await state.aresult()  # a fault of ours: raises it, with its traceback
    return told[0]


def announced(opened: OpenedRecipe) -> tuple[Watch, int]:
    """Say what is written where; a watch that tells doubts, and how many dialogues are missing."""
    recipe = opened.recipe
    missing = incomplete(opened.folder, opened.shards())
    left = sum(missing_dialogues(opened.folder, shard) for shard in missing)
    wanted = recipe.dialogues_per_language * len(recipe.languages)
    there = f" ({wanted - left} are there already)" if left < wanted else ""
    console.print(
        f"[bold]{recipe.name}[/]: {wanted} dialogues in {len(recipe.languages)} languages "
        f"→ {escape(one_line(recipe.folder))}{there}"
    )
    return Watch(warn=lambda doubt: console.print(Text(one_line(doubt), "yellow"))), left


def warned(word: str, told: str) -> Text:
    return Text.assemble((word, "yellow"), visible(told))


async def _unless_abandoned(running: Any, opened: OpenedRecipe, watch: Watch) -> Any:
    """The final state of the flow; the process ends where Prefect does not."""
    flow = asyncio.create_task(running)
    abandoned = asyncio.create_task(_abandoned(watch))
    try:
        await asyncio.wait({flow, abandoned}, return_when=asyncio.FIRST_COMPLETED)
        if not flow.done():
            _leave_at_once(opened)
        return flow.result()
    finally:
        abandoned.cancel()


async def _abandoned(watch: Watch) -> None:
    """Return once a stop was asked for and nothing of ours has been under way for a while."""
    quiet = 0.0
    while quiet < _PATIENCE_SECONDS:
        await asyncio.sleep(0.5)
        asked = watch.stop.wanted and not watch.stop.spent
        quiet = quiet + 0.5 if asked and not watch.progress.under_way else 0.0


def _leave_at_once(opened: OpenedRecipe) -> NoReturn:
    """End the process although Prefect does not, as when a server of the user's is gone.

    Every completion is in the journal by now.
    """
    finish(opened, stopped=True, by_meaning=False)  # an embedder needs an event loop of its own
    console.print("\nStopped. Nothing is lost: run the same command again to go on.")
    sys.stdout.flush()
    os._exit(EXIT_CODES["stopped"])


@contextmanager
def showing(watch: Watch, total: int) -> Iterator[None]:
    """A bar in the terminal, and a line a minute in a log, while the flow runs."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TextColumn("{task.fields[figures]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        row = progress.add_task("starting", total=total, figures="")
        showing = asyncio.create_task(_show(progress, row, watch, total))
        try:
            yield
        finally:
            showing.cancel()
            progress.update(row, **_figures(watch, 0.0, total), description="done")


async def _show(progress: Progress, row: Any, watch: Watch, total: int) -> None:
    started = 0.0
    told = time.monotonic()
    while True:
        if watch.progress.accepted + watch.progress.rejected and not started:
            started = time.monotonic()
        elapsed = time.monotonic() - started if started else 0.0
        description = "stopping" if watch.stop.wanted else "writing" if started else "starting"
        figures = _figures(watch, elapsed, total)
        progress.update(row, description=description, **figures)
        if not console.is_terminal and time.monotonic() - told > _TELL_SECONDS:
            told = time.monotonic()  # a log shows no bar, and shall not look dead
            console.print(f"{description}: {figures['figures']}")
        await asyncio.sleep(0.25)


def _figures(watch: Watch, elapsed: float, total: int) -> dict[str, Any]:
    counts = watch.progress
    figures = f"[green]{counts.accepted} accepted[/] [red]{counts.rejected} rejected[/]"
    if elapsed > 1.0:
        figures += f" {counts.completion_tokens / elapsed:.0f} tokens/s"
        if counts.accepted > 1:
            left = (total - counts.accepted) * elapsed / counts.accepted
            figures += f" ETA {int(left // 60)}:{int(left % 60):02d}"
    return {"completed": min(counts.accepted, total), "figures": figures}
