"""What a run will cost, before it begins: calls, tokens, time, money.

By what an earlier dataset took (a pilot of the same recipe, or any other), language by language;
without one, by the length of the prompts themselves and a rule of thumb for the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from rich.console import Console
from rich.table import Table

from crowdglot.datasets.folder import RECIPE
from crowdglot.datasets.funnel import read_rows
from crowdglot.datasets.shards import incomplete, open_places
from crowdglot.datasets.storage.location import Location
from crowdglot.languages.language import resolve_language
from crowdglot.writing.binding import planned
from crowdglot.writing.opened import Job

# Rules of thumb, told as such: characters of English to a token, and tokens of an answer to a turn.
_CHARACTERS, _TOKENS_PER_TURN = 4.0, 30.0
_PROMPTS = 40
_COLUMNS = ("language", "prompt_tokens", "completion_tokens", "seconds")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of the dialogues of one language that are still wanted.

    ``drafts``: expected calls. Tokens are of all of them together. ``hours``: of asking, at the
    recipe's concurrency; None where nothing tells. ``measured``: whether by an earlier dataset.
    """

    dialogues: int
    drafts: float
    prompt_tokens: float
    completion_tokens: float
    hours: float | None
    measured: bool


def estimate(job: Job, like: Location | None = None) -> dict[str, Cost]:
    """The cost by language tag; ``like``: a dataset to go by, by default the recipe's own folder.

    A language that the dataset does not hold is estimated by the others' mean.
    """
    known = _measured(like or job.folder)
    before = min(planned(job), job.recipe.dialogues_per_language)
    more = job.recipe.dialogues_per_language - before
    wanted = dict.fromkeys(job.recipe.languages, more)
    for shard in incomplete(job.folder, job.shards(before)) if before else ():
        wanted[shard.language] += open_places(job.folder, shard)
    return {tag: _cost(job, tag, count, known) for tag, count in wanted.items()}


@dataclass(frozen=True, slots=True)
class _Draft:
    """Means over the drafts of a language. ``accepted``: share of the drafts."""

    accepted: float
    prompt_tokens: float
    completion_tokens: float
    seconds: float


def _measured(folder: Location) -> dict[str, _Draft]:
    """By language, and "" for all; empty where there is no dataset or no draft in it."""
    if not (folder / RECIPE).exists():
        return {}
    accepted, rejected = (read_rows(folder, part, _COLUMNS) for part in ("data", "rejected"))
    drafts = pl.concat([accepted.with_columns(kept=1.0), rejected.with_columns(kept=0.0)])
    if not drafts["kept"].sum():
        return {}
    figures = [pl.col("kept", *_COLUMNS[1:]).mean()]
    found = {
        str(tag): _Draft(*means)
        for tag, *means in drafts.group_by("language").agg(figures).iter_rows()
    }
    return {**found, "": _Draft(*drafts.select(figures).row(0))}


def _cost(job: Job, tag: str, wanted: int, known: Mapping[str, _Draft]) -> Cost:
    here = known.get(tag) or known.get("")
    measured = here is not None and here.accepted > 0
    if here is None or not here.accepted:
        here = known.get("") or _by_rule(job, tag)
    drafts = wanted / here.accepted
    hours = (
        drafts * here.seconds / max(1, job.recipe.engine.concurrency) / 3600
        if here.seconds
        else None
    )
    return Cost(
        wanted,
        drafts,
        drafts * here.prompt_tokens,
        drafts * here.completion_tokens,
        hours,
        measured,
    )


def _by_rule(job: Job, tag: str) -> _Draft:
    """As if every draft were accepted: the least that it can cost."""
    plan = job.materials.plan
    language = resolve_language(tag)
    count = min(_PROMPTS, job.recipe.dialogues_per_language)
    scenarios = [plan.scenario(plan.index(language, number)) for number in range(count)]
    characters = sum(
        len(message.content) for scenario in scenarios
        for message in job.request(scenario, 0).messages
    )  # fmt: skip
    turns = sum(len(scenario.order) for scenario in scenarios)
    return _Draft(1.0, characters / count / _CHARACTERS, turns / count * _TOKENS_PER_TURN, 0.0)


def print_estimate(
    job: Job, like: Location | None = None, price_in: float = 0.0, price_out: float = 0.0
) -> None:
    """The costs as a table; prices are per million tokens of prompts and of answers."""
    costs = estimate(job, like)
    table = Table(title=f"{job.recipe.name}: what is still to be written", title_justify="left")
    for column in ("language", "dialogues", "drafts", "prompt tokens", "answer tokens", "hours"):
        table.add_column(column, justify="left" if column == "language" else "right")
    for tag, cost in costs.items():
        table.add_row(
            f"{resolve_language(tag).name} ({tag})", f"{cost.dialogues:,}", f"{cost.drafts:,.0f}",
            f"{cost.prompt_tokens:,.0f}", f"{cost.completion_tokens:,.0f}",
            "" if cost.hours is None else f"{cost.hours:,.2f}",
        )  # fmt: skip
    console = Console(highlight=False)
    console.print(table)
    asked = sum(cost.prompt_tokens for cost in costs.values())
    answered = sum(cost.completion_tokens for cost in costs.values())
    console.print(f"In all {asked + answered:,.0f} tokens.")
    if price_in or price_out:
        console.print(f"Price: {(asked * price_in + answered * price_out) / 1e6:,.2f}")
    if all(cost.measured for cost in costs.values()):
        console.print(f"By the tokens, times and acceptance rates in {like or job.folder}.")
    else:
        console.print(
            f"A rule of thumb where nothing was measured: {_CHARACTERS:g} characters to a token of "
            f"the prompt, {_TOKENS_PER_TURN:g} tokens a turn, every draft accepted. Write a few "
            "dialogues first, then ask again, or name a dataset with --like."
        )
