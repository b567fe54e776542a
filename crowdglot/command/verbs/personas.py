"""The verbs of ``crowdglot personas``, and whether the traits of personas show in a dataset."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from crowdglot.command.options import Changes, Dataset, Recipe, Trust, trust_if
from crowdglot.printable import one_line

personas = typer.Typer(
    no_args_is_help=True, help="Personas that a model makes, as files that a recipe names."
)
Output = Annotated[Path, typer.Option(help="The file of personas to write, a line each.")]


@personas.command()
def expand(
    recipe: Recipe,
    output: Output,
    count: Annotated[int, typer.Option(help="How many new personas.", min=1)] = 100,
    sentences: Annotated[int, typer.Option(help="Of each.", min=1, max=8)] = 4,
    changes: Changes = None,
) -> None:
    """Let the model of RECIPE write new personas like those that it names (personas.source).

    Stopped, run it again: nothing is asked twice.
    """
    from crowdglot.command.output.console import print_left_out
    from crowdglot.command.output.personas import print_made
    from crowdglot.recipes import read_recipe
    from crowdglot.writing.opened import read_personas_of
    from crowdglot.writing.personas.expansion import expand as made_by_expansion

    chosen = read_recipe(recipe, changes or [])
    known, left_out = read_personas_of(chosen)
    print_left_out(filter(None, [left_out]))
    asked = made_by_expansion(chosen, known, output, count=count, sentences=sentences, tell=_tell)
    print_made(output, asyncio.run(asked))


@personas.command()
def extract(
    recipe: Recipe,
    dialogues: Annotated[str, typer.Argument(help="A file of dialogues, or hf:org/name.")],
    output: Output,
    most: Annotated[int, typer.Option(help="Only the first dialogues; 0 for all.", min=0)] = 0,
    changes: Changes = None,
) -> None:
    """Let the model of RECIPE read each speaker of DIALOGUES: facts with the words that show them,
    and manner.

    Stopped, run it again: nothing is asked twice.
    """
    from crowdglot.command.output.console import print_left_out
    from crowdglot.command.output.personas import print_made
    from crowdglot.dialogues.readers import read_material
    from crowdglot.recipes import read_recipe
    from crowdglot.writing.personas.extraction import extract as made_by_extraction

    chosen, material = read_recipe(recipe, changes or []), read_material(dialogues)
    print_left_out(filter(None, [material.left_out]))
    read = material.demonstrations[: most or None]
    print_made(output, asyncio.run(made_by_extraction(chosen, read, dialogues, output, tell=_tell)))


@personas.command()
def bank(
    count: Annotated[int, typer.Option(help="Only the first; 0 for all.", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="As a recipe's.", min=0)] = 0,
    data: Annotated[
        Path | None, typer.Option(help="Another bank: a TOML as personas/sources/bank.toml.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="A file; else they are printed.")] = None,
) -> None:
    """Write the bank of characters as a file of personas, to be changed by hand."""
    from crowdglot.command.output.personas import print_lines
    from crowdglot.personas.sources import SourceSettings, made_personas

    print_lines(made_personas("bank", SourceSettings(seed, count, data)), output)


@personas.command()
def show(
    source: Annotated[str, typer.Argument(help='A file, or as in "personas.source".')],
    count: Annotated[int, typer.Option(help="How many to show.", min=0)] = 4,
    first: Annotated[int, typer.Option(help="The number of the first, from 0.", min=0)] = 0,
) -> None:
    """Show personas of SOURCE with their traits and where these are from, and its fingerprint."""
    from crowdglot.command.output.console import print_left_out
    from crowdglot.command.output.personas import print_personas
    from crowdglot.recipes import read_recipe
    from crowdglot.writing.opened import read_personas_of

    chosen = read_recipe("demo", [f"personas.source={json.dumps(source)}"])
    known, left_out = read_personas_of(chosen)
    print_left_out(filter(None, [left_out]))
    print_personas(source, known, first, count)


def traits(
    dataset: Dataset,
    trait: Annotated[
        list[str] | None, typer.Option(help="Only this trait; by default those of manner.")
    ] = None,
    train: Annotated[
        Path | None,
        typer.Option(help="Labelled texts: a classifier learns from them instead of a judge."),
    ] = None,
    judge: Annotated[
        bool, typer.Option("--judge", help="With --train: the judge too, tried on these texts.")
    ] = False,
    most: Annotated[int, typer.Option(help="Speakers of each value and language.", min=1)] = 200,
    output: Annotated[
        Path | None, typer.Option(help="A JSON file; by default below outputs/traits.")
    ] = None,
    changes: Changes = None,
    trust: Trust = False,
) -> None:
    """How often each trait that DATASET was written for is recovered from what a speaker says."""
    from crowdglot.command.output.traits import print_recoveries
    from crowdglot.datasets.storage.location import locate
    from crowdglot.evidence.traits.measure import recover
    from crowdglot.recipes import read_recipe

    trust_if(dataset, trust)
    folder = locate(dataset)
    path = output or Path("outputs/traits") / f"{folder.resolve().name}.json"
    asked = recover(
        read_recipe(dataset, changes or []), folder, path, keys=trait or (), most=most,
        train=train, judge=judge or train is None,
    )  # fmt: skip
    print_recoveries(asyncio.run(asked))


def _tell(sentence: str) -> None:
    typer.echo(one_line(sentence), err=True)
