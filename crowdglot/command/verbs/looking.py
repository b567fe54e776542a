"""Verbs that show what is there, and let people rate it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from crowdglot.command.options import Dataset
from crowdglot.printable import one_line


def show(
    dataset: Dataset,
    language: Annotated[str, typer.Option(help="Only this language tag.")] = "",
    event: Annotated[str, typer.Option(help="Only this speech event.")] = "",
    rejected: Annotated[bool, typer.Option("--rejected", help="Rejected drafts instead.")] = False,
    count: Annotated[int, typer.Option(help="How many dialogues.")] = 4,
) -> None:
    """Show dialogues of DATASET in the terminal, one of each language in turn; 1 if none is."""
    from crowdglot.command.output.dialogues import print_dialogues
    from crowdglot.datasets.storage.location import locate

    folder = locate(dataset)
    if not print_dialogues(folder, count, language=language, event=event, rejected=rejected):
        sys.exit(1)


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

    who = "Whoever has this address can read and rate. Ctrl-C ends it."
    serve(room, port, lambda address: typer.echo(f"{address}\n{who}"), show=show)
    typer.echo("Stopped. All ratings are stored.")


def languages() -> None:
    """List the languages that have a pack; any other BCP-47 tag can be asked for too."""
    from crowdglot.command.output.tables import print_languages

    print_languages()


def events() -> None:
    """List the speech events."""
    from crowdglot.command.output.tables import print_events

    print_events()
