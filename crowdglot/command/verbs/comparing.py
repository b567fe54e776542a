"""Verbs that hold datasets against each other."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from crowdglot.command.options import Changes, Trust, trust_if
from crowdglot.printable import one_line


def experiment(
    file: Annotated[str, typer.Argument(help="An experiment's path, or a bundled one's name.")],
    changes: Changes = None,
    output: Annotated[str, typer.Option(help="The folder of the arms' folders.")] = "",
    judge: Annotated[
        str, typer.Option(help="A recipe whose judging model chooses between two dialogues.")
    ] = "",
) -> None:
    """Write and compare the arms of FILE. Run it again after any interruption and it goes on."""
    from crowdglot.command.experiments import compare_arms, write_arms
    from crowdglot.evidence.experiment import read_experiment

    chosen = read_experiment(file, changes or [], output)
    if code := write_arms(chosen):
        sys.exit(code)
    compare_arms(chosen, judge)


def compare(
    datasets: Annotated[list[str], typer.Argument(help="The folders of datasets, or their URLs.")],
    human: Annotated[
        Path | None, typer.Option(help="Human dialogues as one arm more: a folder, or one file.")
    ] = None,
    judge: Annotated[
        str, typer.Option(help="A recipe whose judging model chooses between two dialogues.")
    ] = "",
    matches: Annotated[int, typer.Option(help="Pairs of a language it is asked of.", min=1)] = 50,
    output: Annotated[
        Path | None, typer.Option(help="Where compare.html goes; by default the first dataset.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of what is drawn.", min=0)] = 0,
    changes: Changes = None,
    trust: Trust = False,
) -> None:
    """Compare DATASETS with each other: compare.html and compare.json, with intervals and tests."""
    from crowdglot.command.output.comparison import print_compared
    from crowdglot.command.output.console import print_unread
    from crowdglot.datasets.storage.location import locate
    from crowdglot.evidence.compare import compare_datasets

    for dataset in datasets if trust else ():
        trust_if(dataset, trust)
    print_unread(human)
    folders = [locate(dataset) for dataset in datasets]
    page, compared = compare_datasets(
        folders, human, judge=judge, changes=changes or [], matches=matches, output=output,
        seed=seed,
    )  # fmt: skip
    print_compared(compared)
    typer.echo(one_line(page))
