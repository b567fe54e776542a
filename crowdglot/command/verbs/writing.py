"""Verbs that write dialogues, or show what would be written."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from crowdglot.command.options import Changes, Dataset, Recipe, Trust, trust_if


def synthesize(
    recipe: Recipe,
    changes: Changes = None,
    engine: Annotated[str, typer.Option(help="embedded, openai … (engine.kind).")] = "",
    model: Annotated[str, typer.Option(help="The model (engine.model).")] = "",
    base_url: Annotated[str, typer.Option(help="Where it is served (engine.base_url).")] = "",
    output: Annotated[str, typer.Option(help="The dataset's folder or URL (output).")] = "",
    show: Annotated[int, typer.Option(help="Dialogues to show at the end.")] = 0,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check all shards; write damaged ones anew.")
    ] = False,
    trust: Trust = False,
) -> None:
    """Write the dialogues of RECIPE. Run it again after any interruption and it goes on."""
    from crowdglot.command.running import run_with_display
    from crowdglot.recipes import read_recipe

    trust_if(recipe, trust)
    short = {
        "engine.kind": engine, "engine.model": model, "engine.base_url": base_url,
        "output": output,
    }  # fmt: skip
    given = [f"{key}={value}" for key, value in short.items() if value]
    chosen = read_recipe(recipe, [*given, *(changes or [])], going_on=True)
    sys.exit(run_with_display(chosen, show, verify=verify))


def preview(
    recipe: Recipe,
    changes: Changes = None,
    first: Annotated[int, typer.Option(help="Index of the first scenario.")] = 0,
    count: Annotated[int, typer.Option(help="How many prompts to print.")] = 1,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Calls, tokens and time instead of prompts.")
    ] = False,
    like: Annotated[
        Path | None, typer.Option(help="A dataset to estimate by; by default the recipe's own.")
    ] = None,
    price_in: Annotated[float, typer.Option(help="Per million prompt tokens.", min=0)] = 0.0,
    price_out: Annotated[float, typer.Option(help="Per million answer tokens.", min=0)] = 0.0,
    trust: Trust = False,
) -> None:
    """Print the prompts of RECIPE, or what its run will cost; no model is called."""
    from crowdglot.command.output.dialogues import print_prompts
    from crowdglot.command.output.tables import print_estimate
    from crowdglot.recipes import read_recipe
    from crowdglot.writing.opened import open_recipe

    trust_if(recipe, trust)
    chosen = read_recipe(recipe, changes or [])
    if estimate:
        print_estimate(open_recipe(chosen), like, price_in, price_out)
    else:
        print_prompts(chosen, first, count)


def rejudge(dataset: Dataset, changes: Changes = None, trust: Trust = False) -> None:
    """Judge DATASET anew with today's critics and thresholds; the model is not asked."""
    from crowdglot.command.output.tables import print_funnel
    from crowdglot.recipes import read_rejudged
    from crowdglot.writing.rejudge import rejudge_dataset

    trust_if(dataset, trust)
    outcome = asyncio.run(rejudge_dataset(read_rejudged(dataset, changes or [])))
    print_funnel(outcome.funnel)
    if count := outcome.unfinished:
        typer.echo(f"{count} shard(s) want more dialogues: run `crowdglot synthesize` again.")
