"""Verbs that have a dataset made by others than this terminal."""

import asyncio
from typing import Annotated

import typer

from crowdglot.command.options import Changes, Gated, Private, Recipe, Trust, trust_if


def deploy(
    recipe: Recipe,
    changes: Changes = None,
    grow_by: Annotated[int, typer.Option(help="Dialogues a language each night.", min=1)] = 100,
    nightly: Annotated[str, typer.Option(help="When it grows, as cron.")] = "15 2 * * *",
    weekly: Annotated[str, typer.Option(help="When it is reported on.")] = "0 7 * * 1",
    timezone: Annotated[str, typer.Option(help="Of both, such as Europe/Paris.")] = "UTC",
    publish: Annotated[
        str, typer.Option(help="Publish it there after each night that succeeded: org/name.")
    ] = "",
    private: Private = False,
    gated: Gated = False,
    pool: Annotated[str, typer.Option(help="The work pool; made where there is none.")] = (
        "dialogues"
    ),
    image: Annotated[str, typer.Option(help="Run in containers of this image.")] = "",
    trust: Trust = False,
) -> None:
    """Have RECIPE's dataset grow every night, on a Prefect server; see docs/schedule.md."""
    from crowdglot.hub_repository import check_name
    from crowdglot.recipes import read_recipe
    from crowdglot.writing.binding import check_dataset
    from crowdglot.writing.machines.growth import grown
    from crowdglot.writing.opened import open_recipe

    trust_if(recipe, trust)
    chosen = read_recipe(recipe, changes or [], going_on=True)
    check_dataset(open_recipe(grown(chosen, grow_by)))
    if publish:
        check_name(publish)
    from crowdglot.command.deploying import Wanted, deploy

    wanted = Wanted(
        chosen, grow_by, nightly, weekly, timezone, pool, image, publish, private, gated
    )
    for name, told in asyncio.run(deploy(wanted)).items():
        typer.echo(f"{name}: {told}")
    typer.echo(f"A worker does it: prefect worker start --pool '{pool}'")
