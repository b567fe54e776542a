"""Verbs that measure a dataset, or those who judge it."""

import asyncio
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from crowdglot.command.options import Changes, Dataset, Trust, trust_if
from crowdglot.printable import one_line


def report(
    dataset: Dataset,
    human: Annotated[
        Path | None, typer.Option(help="Human dialogues to compare with: a folder, or one file.")
    ] = None,
    changes: Changes = None,
    trust: Trust = False,
) -> None:
    """Write report.html and metrics.json into DATASET; a browser shows the page, offline too."""
    from crowdglot.command.output.console import print_unread
    from crowdglot.datasets.storage.location import locate
    from crowdglot.recipes import read_embedding, read_reference
    from crowdglot.writing.ending.report import rewrite_report

    trust_if(dataset, trust)
    folder = locate(dataset)
    human = human or read_reference(folder)
    print_unread(human)
    page, _ = rewrite_report(folder, read_embedding(folder, changes or []), human)
    typer.echo(one_line(page))


def calibrate(
    source: Annotated[Path, typer.Argument(help="A folder of human dialogues, or one file.")],
    language: Annotated[str, typer.Option(help="The language of all files.")] = "",
    turns: Annotated[int, typer.Option(help="Judge only the first turns; 0 for all.", min=0)] = 0,
    examples: Annotated[int, typer.Option(help="Rejections to show of each.", min=0)] = 3,
    meaning: Annotated[
        bool, typer.Option("--meaning", help="The critics of meaning too, which takes longer.")
    ] = False,
    judges: Annotated[
        bool, typer.Option("--judges", help="Damage them: does each score tell good from bad?")
    ] = False,
    most: Annotated[int, typer.Option(help="Dialogues a language, for --judges.", min=20)] = 100,
    output: Annotated[Path | None, typer.Option(help="A JSON file for --judges.")] = None,
    recipe: Annotated[
        str, typer.Option(help="Try its judges too, asking its models.judge or its engine.")
    ] = "",
    changes: Changes = None,
) -> None:
    """Judge human dialogues: how often each critic is wrong; exit code 1 above 1%."""
    from crowdglot.command.output.console import print_unread
    from crowdglot.command.output.tables import print_calibration, print_trials
    from crowdglot.critics.calibration import calibrate as measure

    print_unread(source, language)
    if judges:
        from crowdglot.critics.calibration.trials import try_critics
        from crowdglot.datasets.storage.files import write_json

        turns = turns or 10
        trials = try_critics(source, language, most_turns=turns, most=most)
        if recipe:
            from crowdglot.recipes import read_recipe
            from crowdglot.writing.judging.trials import try_judges

            kept, chosen = Path(f"{output or 'trials'}.calls"), read_recipe(recipe, changes or [])
            asking = try_judges(chosen, source, language, most_turns=turns, most=most, journal=kept)
            trials += asyncio.run(asking)
        print_trials(trials)
        if output is not None:
            write_json(output, [asdict(trial) for trial in trials])
        return
    calibration = measure(source, language, turns, meaning=meaning)
    print_calibration(calibration, examples)
    sys.exit(1 if calibration.broken else 0)
