"""Verbs that show what is there."""

import sys
from typing import Annotated

import typer

from crowdglot.command.options import Dataset


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
    if not print_dialogues(folder, language=language, event=event, rejected=rejected, count=count):
        sys.exit(1)


def languages() -> None:
    """List the languages that have a pack; any other BCP-47 tag can be asked for too."""
    from crowdglot.command.output.tables import print_languages

    print_languages()


def events() -> None:
    """List the speech events."""
    from crowdglot.command.output.tables import print_events

    print_events()
