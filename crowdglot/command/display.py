"""What the command prints."""

import asyncio
import os
import sys
import time
from importlib import import_module
from typing import Any, NoReturn

import polars as pl
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from crowdglot.command.prefect_server import prefect_server
from crowdglot.datasets.folder import locked, read_recipe
from crowdglot.datasets.funnel import Funnel, measure_funnel, read_rows
from crowdglot.datasets.shards import incomplete, open_places, set_aside_damaged
from crowdglot.datasets.storage.location import Location
from crowdglot.errors import CrowdglotError
from crowdglot.languages.identification import verifiable
from crowdglot.languages.language import packed_tags, resolve_language
from crowdglot.scenarios.event import event_names, read_event
from crowdglot.writing.binding import claim_dataset
from crowdglot.writing.ending.finish import counted, finish, finished
from crowdglot.writing.ending.references import check_beside
from crowdglot.writing.opened import open_job
from crowdglot.writing.recipe import Recipe
from crowdglot.writing.run import engage
from crowdglot.writing.signals import hold_back_interrupts, let_interrupts_in
from crowdglot.writing.watch import Stop, Tally

STOPPED, SPENT = 130, 3
_PATIENCE_SECONDS = 10.0
_TELL_SECONDS = 60.0
console = Console(highlight=False)


def run_with_display(recipe: Recipe, show: int = 0, *, verify: bool = False) -> int:
    """Run the flow with a progress bar; the exit code: 0, 3 if a budget is spent, or 130 if a
    signal stopped it.

    Errors of ours are raised as they are. Where all is written, Prefect is not even started.
    """
    job = open_job(recipe)  # all that can be wrong in the recipe is found before anything starts
    check_beside(job)
    with locked(job.folder):
        claim_dataset(job)
        for path in set_aside_damaged(job.folder, job.shards()) if verify else ():
            console.print(f"[yellow]damaged:[/] {path}; it is kept under damaged/.")
        funnel = finished(job)
    name, message = "Completed", ""
    if funnel is None:
        name, message = asyncio.run(_run(recipe))
        funnel = counted(job) or measure_funnel(job.folder)
    print_funnel(funnel)
    if funnel.short:
        cells = f"{len(funnel.short)} cells of language and event fell short of their quota."
        console.print(f"[yellow]{cells}[/] See failed.jsonl.")
    if name == "Stopped":
        console.print("Stopped. Nothing is lost: run the same command again to go on.")
        return STOPPED
    if name == "BudgetSpent":
        console.print(f"[yellow]Stopped:[/] {message}")
        return SPENT
    if show:
        print_dialogues(recipe.folder, count=show)
    return 0


async def _run(recipe: Recipe) -> tuple[str, str]:
    """Run the flow; name and message of its final state."""
    job = open_job(recipe)
    missing = incomplete(job.folder, job.shards())
    wanted = recipe.dialogues_per_language * len(recipe.languages)
    places = sum(open_places(job.folder, shard) for shard in missing)
    there = wanted - places
    # The model loads while Prefect starts; not where it needs a key that Prefect keeps, nor where
    # other processes load their own.
    here = recipe.machines.runner == "here"
    early = missing and here and not recipe.engine.api_key_block
    warm = asyncio.create_task(engage(job)) if early else None
    console.print(
        f"[bold]{recipe.name}[/]: {wanted} dialogues in {len(recipe.languages)} languages "
        f"→ {recipe.folder}" + (f" ({there} are there already)" if there else "")
    )
    stop, tally = Stop(), Tally()
    state = await _flow(recipe, warm, stop, tally, places)
    if state.name == "Refused":
        raise stop.cause or CrowdglotError(state.message)
    if state.is_failed() or state.is_crashed():
        await state.aresult()  # a fault of ours: raises it, with its traceback
    return state.name, state.message or ""


async def _flow(
    recipe: Recipe, warm: asyncio.Task[Any] | None, stop: Stop, tally: Tally, places: int
) -> Any:
    """The final state of the flow, with a server of Prefect's for as long as it runs."""
    async with prefect_server() as answering:
        hold_back_interrupts()
        try:
            synthesis, *_ = await asyncio.gather(
                asyncio.to_thread(_import_flow), answering, *([warm] if warm else [])
            )
            synthesis.WARM.set(warm)
            synthesis.WATCHED.set((stop, tally))
            return await _watched(synthesis, recipe, stop, tally, places)
        finally:
            let_interrupts_in()
            if warm and not warm.done():
                warm.cancel()


async def _watched(synthesis: Any, recipe: Recipe, stop: Stop, tally: Tally, places: int) -> Any:
    with _progress() as progress:
        row = progress.add_task("starting", total=places, figures="")
        watch = asyncio.create_task(_watch(progress, row, stop, tally))
        flow = asyncio.create_task(synthesis.synthesize(recipe, return_state=True))
        abandoned = asyncio.create_task(_abandoned(stop, tally))
        try:
            await asyncio.wait({flow, abandoned}, return_when=asyncio.FIRST_COMPLETED)
            if not flow.done():
                _leave_at_once(recipe)
            return flow.result()
        finally:
            abandoned.cancel()
            watch.cancel()
            progress.update(row, **_figures(tally, 0.0, places), description="done")


async def _abandoned(stop: Stop, tally: Tally) -> None:
    """Return once a stop was asked for and nothing of ours has been under way for a while."""
    quiet = 0.0
    while quiet < _PATIENCE_SECONDS:
        await asyncio.sleep(0.5)
        asked = stop.wanted and not stop.spent
        quiet = quiet + 0.5 if asked and not tally.under_way else 0.0


def _leave_at_once(recipe: Recipe) -> NoReturn:
    """End the process although Prefect does not, as when a server of the user's is gone.

    Every completion is in the journal by now.
    """
    finish(open_job(recipe), stopped=True, by_meaning=False)  # that needs a loop of its own
    console.print("\nStopped. Nothing is lost: run the same command again to go on.")
    sys.stdout.flush()
    os._exit(STOPPED)


def _import_flow() -> Any:
    return import_module("crowdglot.flows.synthesize")


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TextColumn("{task.fields[figures]}"),
        TimeElapsedColumn(),
        console=console,
    )


async def _watch(progress: Progress, row: Any, stop: Stop, tally: Tally) -> None:
    """Bring the tally to the screen a few times a second."""
    started = 0.0
    told = time.monotonic()
    while True:
        if tally.accepted + tally.rejected and not started:
            started = time.monotonic()
        total = progress.tasks[0].total or 0
        elapsed = time.monotonic() - started if started else 0.0
        description = "stopping" if stop.wanted else "writing" if started else "starting"
        figures = _figures(tally, elapsed, total)
        progress.update(row, description=description, **figures)
        if not console.is_terminal and time.monotonic() - told > _TELL_SECONDS:
            told = time.monotonic()  # a log shows no bar, and shall not look dead
            console.print(f"{description}: {figures['figures']}")
        await asyncio.sleep(0.25)


def _figures(tally: Tally, elapsed: float, total: float) -> dict[str, Any]:
    figures = f"[green]{tally.accepted} accepted[/] [red]{tally.rejected} rejected[/]"
    if elapsed > 1.0:
        figures += f" {tally.completion_tokens / elapsed:.0f} tokens/s"
        if tally.accepted > 1:
            left = (total - tally.accepted) * elapsed / tally.accepted
            figures += f" ETA {int(left // 60)}:{int(left % 60):02d}"
    return {"completed": min(tally.accepted, total), "figures": figures}


def print_funnel(funnel: Funnel) -> None:
    """The acceptance rate, by language, and the reasons for rejection."""
    table = Table(title=f"Acceptance: {funnel.accepted} of {funnel.drafts} drafts "
                  f"({funnel.acceptance_rate:.1%})", title_justify="left")  # fmt: skip
    for column in ("language", "accepted", "rejected"):
        table.add_column(column, justify="left" if column == "language" else "right")
    for tag in sorted({*funnel.accepted_by_language, *funnel.rejected_by_language}):
        accepted = funnel.accepted_by_language.get(tag, 0)
        rejected = funnel.rejected_by_language.get(tag, 0)
        table.add_row(f"{resolve_language(tag).name} ({tag})", str(accepted), str(rejected))
    console.print(table)
    if funnel.reasons:
        reasons = Table(title="Reasons for rejection", title_justify="left")
        reasons.add_column("reason")
        reasons.add_column("drafts", justify="right")
        for reason, count in funnel.reasons.items():
            reasons.add_row(reason, str(count))
        console.print(reasons)


def print_prompts(recipe: Recipe, first: int, count: int) -> None:
    """The chat messages of a few scenarios, as the engine would get them."""
    job = open_job(recipe)
    for index in range(first, first + count):
        scenario = job.materials.plan.scenario(index)
        console.rule(f"{scenario.id}: {scenario.event.title}")
        for message in job.request(scenario, 0).messages:
            console.print(f"[bold]{message.role}[/]")
            console.print(Text(message.content), soft_wrap=True)  # as it is, to be copied
            console.print()


def print_dialogues(
    folder: Location,
    *,
    language: str = "",
    event: str = "",
    rejected: bool = False,
    count: int = 4,
) -> bool:
    """Some rows of a dataset, languages taking turns; whether there was any."""
    read_recipe(folder)
    rows = read_rows(folder, "rejected" if rejected else "data")
    if language:
        rows = rows.filter(pl.col("language") == resolve_language(language).tag)
    if event:
        rows = rows.filter(pl.col("speech_event") == read_event(event).name)
    if rows.is_empty():
        console.print("No such dialogue.")
        return False
    turns = pl.int_range(pl.len()).over("language")
    for row in rows.with_columns(turn=turns).sort("turn", "language").head(count).to_dicts():
        console.print(_panel(row))
    return True


def _panel(row: dict[str, Any]) -> Panel:
    names = {persona["speaker"]: persona["name"] for persona in row["personas"]}
    text = Text()
    text.append(f"{row['common_ground']['premise']}\n\n", style="italic dim")
    for turn in row["turns"] or []:
        text.append(f"{names.get(turn['speaker'], turn['speaker'])}: ", style="bold")
        text.append(f"{turn['text']}\n")
    if not row["turns"]:
        text.append(f"{row['draft']}\n")
    if row["reason"]:
        text.append(f"\nrejected: {row['reason']}", style="red")
        for rejection in row["rejections"]:
            text.append(f"\n  {rejection['critic']}: {rejection['evidence']}", style="dim")
    title = f"{row['id']} · {row['speech_event']} · {row['common_ground']['relation']}"
    return Panel(text, title=title, title_align="left")


def print_languages() -> None:
    """The languages with a pack."""
    table = Table(
        Column("tag", no_wrap=True),
        "name",
        "autonym",
        "script",
        "direction",
        "spoken in",
        "identified",
    )
    for tag in packed_tags():
        language = resolve_language(tag)
        regions = ", ".join(c.region for c in language.pack.communities) if language.pack else ""
        known = "yes" if verifiable(language) else "no"
        table.add_row(
            tag,
            language.name,
            language.autonym,
            language.script,
            language.direction,
            regions,
            known,
        )
    console.print(table)


def print_events() -> None:
    """The speech events."""
    table = Table(
        Column("event", no_wrap=True), "group", "speakers", "turns", "relations", "definition"
    )
    for name in event_names():
        event = read_event(name)
        low, high = event.speakers
        table.add_row(
            name,
            event.group.replace("_", "-"),
            str(low) if low == high else f"{low}-{high}",
            f"{event.turns[0]}-{event.turns[1]}",
            ", ".join(event.relations).replace("_", " "),
            event.definition,
        )
    console.print(table)
