"""Arguments and options that several verbs share."""

from typing import Annotated

import typer

from crowdglot.printable import one_line

MOST_SHOWN = 2_000  # characters of what is told at once

Recipe = Annotated[str, typer.Argument(help="A recipe's path, or the name of a bundled one.")]
Dataset = Annotated[str, typer.Argument(help="The folder of a dataset, or its URL.")]
Changes = Annotated[
    list[str] | None, typer.Option("--set", help="Change a key of the recipe: key=value.")
]
Private = Annotated[bool, typer.Option("--private", help="Only its members see it.")]
Gated = Annotated[bool, typer.Option("--gated", help="Who wants it must accept terms first.")]
Trust = Annotated[
    bool,
    typer.Option("--trust", help="Let the dataset's recipe reach what it names; once is enough."),
]


def trust_if(source: str, trust: bool) -> None:
    """Note that the user trusts the dataset in ``source``, and show what that lets it reach."""
    from crowdglot.recipes import trust_dataset

    if trust and (told := trust_dataset(source)):
        typer.echo(one_line(told, MOST_SHOWN), err=True)
