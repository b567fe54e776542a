"""Verbs that hand a dataset on."""

from typing import Annotated

import typer

from crowdglot.command.options import Dataset, Gated, Private
from crowdglot.datasets.exports import EXPORTS


def export(
    dataset: Dataset,
    form: Annotated[str, typer.Option("--as", help=f"One of: {', '.join(EXPORTS)}.")],
    to: Annotated[str, typer.Option(help="A folder; by default below outputs/exports.")] = "",
    fold: Annotated[
        bool, typer.Option("--fold", help="Personas in the first user turn, not as system text.")
    ] = False,
    thoughts: Annotated[
        bool, typer.Option("--thoughts", help="What characters think, before what they say.")
    ] = False,
) -> None:
    """Write DATASET in the shape that a trainer reads, every dialogue once a speaker."""
    from crowdglot.command.output.tables import print_exported
    from crowdglot.datasets.exports.making.exporting import export_dataset
    from crowdglot.datasets.storage.location import locate

    print_exported(export_dataset(locate(dataset), form, to, folded=fold, thoughts=thoughts))


def publish(
    dataset: Dataset,
    repo: Annotated[str, typer.Option(help="The repository on the hub: org/name.")],
    private: Private = False,
    gated: Gated = False,
) -> None:
    """Upload DATASET to the Hugging Face hub; again, what is new of it."""
    from crowdglot.command.output.tables import print_published
    from crowdglot.datasets.publishing.publish import publish_dataset
    from crowdglot.datasets.storage.location import locate

    print_published(publish_dataset(locate(dataset), repo, private=private, gated=gated))
