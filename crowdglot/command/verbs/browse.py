"""The verb that lets people read and rate a dataset."""

from pathlib import Path
from typing import Annotated

import typer

from crowdglot.command.options import Dataset
from crowdglot.printable import one_line


def browse(
    dataset: Dataset,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open it in a browser.")] = True,
    port: Annotated[int, typer.Option(help="0: any that is free.", min=0, max=65535)] = 0,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Raters may take what they reject out of DATASET.")
    ] = False,
    trials: Annotated[
        Path | None,
        typer.Option(help="Serve nothing: write what raters say of its judges into this file."),
    ] = None,
) -> None:
    """Find, read and rate the dialogues of DATASET on a local page, until Ctrl-C."""
    from crowdglot.datasets.browse.room import Room
    from crowdglot.datasets.storage.location import locate

    room = Room(locate(dataset), withdraw=withdraw)
    if trials is not None:
        from crowdglot.datasets.browse.against_people import write_people_trials

        told = write_people_trials(trials, room.index, room.ratings().last)
        for one in told:
            figures = f"{one.auc:.2f} ({one.low:.2f} to {one.high:.2f})"
            typer.echo(f"{one.critic} in {one.language}: {figures}, {one.dialogues} dialogues")
        typer.echo(f"{one_line(trials)}: {len(told)} trials by people.")
        return
    from crowdglot.datasets.browse.serving import serve

    serve(room, port, _tell, show=show)
    typer.echo("Stopped. All ratings are stored.")


def _tell(address: str) -> None:
    typer.echo(f"{address}\nWhoever has this address can read and rate. Ctrl-C ends it.")
