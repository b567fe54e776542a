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
EngineKind = Annotated[str, typer.Option("--engine", help="embedded, openai … (engine.kind).")]
Model = Annotated[str, typer.Option("--model", help="The model (engine.model).")]
BaseUrl = Annotated[str, typer.Option("--base-url", help="Where it is served (engine.base_url).")]
Output = Annotated[str, typer.Option("--output", help="The dataset's folder or URL (output).")]
Trust = Annotated[
    bool,
    typer.Option("--trust", help="Let the dataset's recipe reach what it names; once is enough."),
]


def gather(
    changes: list[str] | None, engine: str = "", model: str = "", base_url: str = "",
    output: str = "",
) -> list[str]:  # fmt: skip
    """The short options, as the changes of the recipe that they stand for."""
    options = {
        "engine.kind": engine,
        "engine.model": model,
        "engine.base_url": base_url,
        "output": output,
    }
    return [*(f"{key}={value}" for key, value in options.items() if value), *(changes or [])]


def trust_if(source: str, trust: bool) -> None:
    """Note that the user trusts the dataset in ``source``, and show what that lets it reach."""
    from crowdglot.recipes import trust_dataset

    if trust and (told := trust_dataset(source)):
        typer.echo(one_line(told, MOST_SHOWN), err=True)
