"""Experiments in a terminal: one arm after the other, each a run of its own."""

import asyncio
from pathlib import Path

from rich.text import Text

from crowdglot.command.output.comparison import print_compared
from crowdglot.command.output.console import console, print_left_out
from crowdglot.command.running import EXIT_CODES, announced, showing, warned
from crowdglot.datasets.folder import locked
from crowdglot.evidence.compare import compare_datasets
from crowdglot.evidence.experiment import Experiment
from crowdglot.printable import one_line
from crowdglot.writing.binding import check_dataset
from crowdglot.writing.ending.finish import finished
from crowdglot.writing.ending.references import check_references
from crowdglot.writing.opened import OpenedRecipe, open_recipe
from crowdglot.writing.signals import stopping_on_signals
from crowdglot.writing.write import Outcome, write_dataset


def write_arms(experiment: Experiment) -> int:
    """Write what is missing of every arm; the exit code: 0, 3 if a budget is spent, or 130 if a
    signal stopped it. What is wrong in any arm is found before the first one is written."""
    opened = [open_recipe(recipe) for recipe in experiment.arms.values()]
    for arm in opened:
        check_references(arm)
        check_dataset(arm)
    print_left_out([*experiment.notes, *dict.fromkeys(s for arm in opened for s in arm.left_out)])
    for arm in opened:
        if finished(arm) is not None:
            console.print(f"[bold]{arm.recipe.name}[/]: all is there.")
            continue
        with locked(arm.folder):
            outcome = asyncio.run(_write(arm))
        funnel = outcome.funnel
        rate = f"{funnel.accepted} of {funnel.drafts} drafts accepted"
        console.print(Text(f"{arm.recipe.name}: {rate}. {outcome.message}".rstrip()))
        if code := EXIT_CODES.get(outcome.state, 0):
            console.print(warned("Stopped.", " Run the same command again to go on."))
            return code
    return 0


async def _write(opened: OpenedRecipe) -> Outcome:
    watch, left = announced(opened)
    with showing(watch, left), stopping_on_signals(watch.stop):
        return await write_dataset(opened.recipe, watch)


def compare_arms(experiment: Experiment, judge: str) -> None:
    """Write the comparison beside the arms' folders, and print what it found."""
    if not isinstance(experiment.folder, Path):
        arms = " ".join(str(recipe.folder) for recipe in experiment.arms.values())
        told = f"The arms are at a URL: crowdglot compare {arms} --output FOLDER"
        console.print(Text(told), soft_wrap=True)
        return
    folders = [recipe.folder for recipe in experiment.arms.values()]
    page, compared = compare_datasets(folders, judge=judge, output=experiment.folder)
    print_compared(compared)
    console.print(Text(one_line(page)), soft_wrap=True)
