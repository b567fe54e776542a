"""Verbs that hold datasets against each other, and against what people say."""

import sys
from dataclasses import asdict
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
    from crowdglot.command.output.resemblance import print_selections
    from crowdglot.datasets.storage.files import write_json
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
        made = [asdict(one) for one in every if not isinstance(one, str)]
        write_json(
            output, {"selections": made, "without": [s for s in every if isinstance(s, str)]}
        )


def _print_unread(*sources: str) -> None:
    """What cannot be read of human dialogues; datasets are passed over."""
    from crowdglot.command.output.console import print_unread
    from crowdglot.evidence.sources import is_dataset

    for source in filter(None, sources):
        if not is_dataset(source):
            print_unread(Path(source))
