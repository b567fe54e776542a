"""Verbs that hold datasets against each other."""

import sys
from typing import Annotated

import typer

from crowdglot.command.options import Changes


def experiment(
    file: Annotated[str, typer.Argument(help="An experiment's path, or a bundled one's name.")],
    changes: Changes = None,
    output: Annotated[str, typer.Option(help="The folder of the arms' folders.")] = "",
) -> None:
    """Write the arms of the experiment FILE. Run it again after any interruption and it goes on."""
    from crowdglot.command.experiments import write_arms
    from crowdglot.evidence.experiment import read_experiment

    chosen = read_experiment(file, changes or [], output)
    if code := write_arms(chosen):
        sys.exit(code)
