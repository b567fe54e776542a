"""Verbs that say whom a dataset may hurt, and who its speakers are."""

import asyncio
from typing import Annotated

import typer

from crowdglot.command.options import Changes, Dataset, Trust, trust_if


def audit(
    dataset: Dataset,
    learn: Annotated[
        str,
        typer.Option(
            help="A dataset written without personas, to learn refusals from and compare with; or "
            "the abstention.json learned from one."
        ),
    ] = "",
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask the judge of harm too, where it is believed.")
    ] = False,
    most: Annotated[int, typer.Option(help="Rows of a language to ask about.", min=1)] = 200,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take back the dialogues in which anything is found.")
    ] = False,
    changes: Changes = None,
    trust: Trust = False,
) -> None:
    """Look for harm, personal data, refusals and bias in DATASET; write audit.html.

    --set audit.most_harm=0.01 stores a limit in the dataset's recipe, which publish keeps to.
    """
    from crowdglot.command.output.audits import print_audit
    from crowdglot.datasets.storage.location import locate
    from crowdglot.errors import ConfigurationError
    from crowdglot.evidence.audit import audit_dataset, store_limits
    from crowdglot.recipes import read_recipe

    trust_if(dataset, trust)
    folder, limits = locate(dataset), [one for one in changes or () if one.startswith("audit.")]
    others = [one for one in changes or () if one not in limits]
    if others and not ask:
        raise ConfigurationError(
            f"--set {others[0]}: without --ask an audit takes keys of 'audit' only; add --ask."
        )
    if limits:
        store_limits(folder, limits)
    recipe = read_recipe(dataset, others) if ask else None
    work = audit_dataset(folder, learn=learn, asking=recipe, most=most, withdrawing=withdraw)
    print_audit(asyncio.run(work), folder)


def personality(
    dataset: Dataset,
    most: Annotated[int, typer.Option(help="Dialogues of a language.", min=1)] = 20,
    changes: Changes = None,
    trust: Trust = False,
) -> None:
    """Ask the judging model of DATASET's recipe what its speakers are like, by an inventory."""
    from crowdglot.command.output.audits import print_personality
    from crowdglot.datasets.storage.location import locate
    from crowdglot.evidence.personality import assess_dataset
    from crowdglot.recipes import read_recipe

    trust_if(dataset, trust)
    recipe = read_recipe(dataset, changes or [])
    print_personality(asyncio.run(assess_dataset(locate(dataset), recipe, most)))
