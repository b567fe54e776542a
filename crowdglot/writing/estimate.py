"""What a run will cost, before it begins: calls, tokens, time, money.

By what an earlier dataset took (a pilot of the same recipe, or any other), language by language;
without one, by the length of the prompts themselves and a rule of thumb for the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from crowdglot.datasets.folder import RECIPE
from crowdglot.datasets.funnel import read_rows
from crowdglot.datasets.shards import incomplete, missing_dialogues
from crowdglot.datasets.storage.location import Location
from crowdglot.languages.language import resolve_language
from crowdglot.writing.binding import planned
from crowdglot.writing.opened import OpenedRecipe

# Rules of thumb, told as such: characters of English to a token, and tokens of an answer to a turn.
CHARACTERS, TOKENS_PER_TURN = 4.0, 30.0
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


def estimate(opened: OpenedRecipe, like: Location | None = None) -> dict[str, Cost]:
    """The cost by language tag; ``like``: a dataset to go by, by default the recipe's own folder.

    A language that the dataset does not hold is estimated by the others' mean.
    """
    known = _measured(like or opened.folder)
    before = min(planned(opened), opened.recipe.dialogues_per_language)
    more = opened.recipe.dialogues_per_language - before
    wanted = dict.fromkeys(opened.recipe.languages, more)
    for shard in incomplete(opened.folder, opened.shards(before)) if before else ():
        wanted[shard.language] += missing_dialogues(opened.folder, shard)
    return {tag: _cost(opened, tag, count, known) for tag, count in wanted.items()}


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


def _cost(opened: OpenedRecipe, tag: str, wanted: int, known: Mapping[str, _Draft]) -> Cost:
    here = known.get(tag) or known.get("")
    measured = here is not None and here.accepted > 0
    if here is None or not here.accepted:
        here = known.get("") or _by_rule(opened, tag)
    drafts = wanted / here.accepted
    hours = drafts * here.seconds / opened.recipe.engine.calls / 3600 if here.seconds else None
    tokens = (drafts * here.prompt_tokens, drafts * here.completion_tokens)
    return Cost(wanted, drafts, *tokens, hours, measured)


def _by_rule(opened: OpenedRecipe, tag: str) -> _Draft:
    """As if every draft passed: the least that it can cost."""
    plan = opened.plan
    language = resolve_language(tag)
    count = min(_PROMPTS, opened.recipe.dialogues_per_language)
    scenarios = [plan.scenario(plan.index(language, number)) for number in range(count)]
    prompts = [opened.prompt(scenario.index) for scenario in scenarios]
    characters = sum(
        len(message.content) * opened.way.most_calls(scenario)
        for scenario, prompt in zip(scenarios, prompts, strict=True)
        for message in prompt
    )
    turns = sum(len(scenario.order) for scenario in scenarios)
    kept = 1 / opened.recipe.choice.candidates
    return _Draft(kept, characters / count / CHARACTERS, turns / count * TOKENS_PER_TURN, 0.0)
