"""Verbs that put a dataset beside what people say."""

from pathlib import Path
from typing import Annotated

import typer

from crowdglot.command.options import Changes, Trust, trust_if
from crowdglot.printable import one_line

Dialogues = Annotated[
    str, typer.Argument(help="A dataset's folder or URL, or a folder or file of dialogues.")
]
Human = Annotated[str, typer.Option("--human", help="Human dialogues: a folder, or one file.")]
Rejected = Annotated[bool, typer.Option("--rejected", help="The rejected drafts as well.")]
Into = Annotated[
    Path | None, typer.Option("--output", help="A folder for the figures; by default the dataset.")
]


def resemble(
    dataset: Dialogues,
    human: Human,
    rejected: Rejected = False,
    meaning: Annotated[
        bool, typer.Option("--meaning/--no-meaning", help="Distances by an embedding model too.")
    ] = True,
    output: Into = None,
    changes: Changes = None,
    trust: Trust = False,
) -> None:
    """Can a classifier tell DATASET from people, and by what? Writes resemble.html and .json."""
    from crowdglot.command.output.resemblance import print_resemblance
    from crowdglot.evidence.resemble.comparing import compare_languages
    from crowdglot.evidence.resemble.page import write_resemblance
    from crowdglot.evidence.sources import embedder_for, open_source, place_for

    trust_if(dataset, trust)
    folder = place_for(dataset, output)
    _print_unread(dataset, human)
    ours, people = open_source(dataset, rejected=rejected), open_source(human)
    embed = embedder_for(dataset, changes or []) if meaning else None
    every = list(compare_languages(ours, people, embed=embed))
    for one in every:
        print_resemblance(one)
    page = write_resemblance(folder, (ours.name, people.name), every)
    typer.echo(one_line(page))


def selection(
    dataset: Dialogues,
    human: Human = "",
    meaning: Annotated[
        bool, typer.Option("--meaning/--no-meaning", help="By an embedding model too.")
    ] = True,
    output: Annotated[Path | None, typer.Option(help="A JSON file for the figures.")] = None,
    changes: Changes = None,
    trust: Trust = False,
) -> None:
    """Does a turn of DATASET follow from those before? Its rank among 20, beside chance."""
    from crowdglot.command.output.resemblance import print_selections, write_selections
    from crowdglot.evidence.selection.selecting import select_all
    from crowdglot.evidence.sources import embedder_for, open_source

    trust_if(dataset, trust)
    _print_unread(dataset, human)
    embed = embedder_for(dataset, changes or []) if meaning else None
    every = [
        one
        for source in filter(None, (dataset, human))
        for one in select_all(open_source(source), embed=embed)
    ]
    print_selections(every)
    if output is not None:
        write_selections(output, every)


def _print_unread(*sources: str) -> None:
    """What cannot be read of human dialogues; datasets are passed over."""
    from crowdglot.command.output.console import print_unread
    from crowdglot.evidence.sources import is_dataset

    for source in filter(None, sources):
        if not is_dataset(source):
            print_unread(Path(source))
