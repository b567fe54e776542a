"""A growing pool of demonstrations (Jandaghi et al. 2023, Synthetic-Persona-Chat).

Before a dataset is written, the model writes dialogues in the SOURCE language for the speech events
of which the demonstrations hold none. The best of each become demonstrations of the next iteration,
and those of the last one are shown when the target languages are written. Each iteration is a
dataset of its own in the folder ``pool`` of the dataset, and what it brings is a file there: so a
pool survives what a dataset survives, and no text of a target language ever gets into it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crowdglot.datasets.folder import RECIPE
from crowdglot.datasets.funnel import count_tokens, read_rows
from crowdglot.datasets.storage.files import write_text
from crowdglot.datasets.storage.location import Location
from crowdglot.datasets.told import as_told
from crowdglot.dialogues.prompt.letters import lettered
from crowdglot.dialogues.readers import read_demonstrations
from crowdglot.writing.recipe import Recipe
from crowdglot.writing.shards.choice import rank_sums

SOURCE_TAG = "en"
_COLUMNS = ("index", "speech_event", "common_ground", "personas", "told", "turns", "verdicts")


def iterations_left(recipe: Recipe) -> Iterator[tuple[Recipe, Location]]:
    """The recipe of each iteration that is still to be written, and the file it is to become.

    Nothing where the recipe wants no pool, or another dataset's, or the source shows all events.
    Ask for the next one when the one before is sealed (``seal``).
    """
    numbers = range(0) if recipe.pool.of else range(1, recipe.pool.iterations + 1)
    for number in numbers:
        path = recipe.pool_file(number)
        # The source is read only where something is still to be written.
        if not path.exists() and (events := lacking(recipe)):
            yield _iteration(recipe, number, events), path


def lacking(recipe: Recipe) -> list[str]:
    """The recipe's speech events of which its demonstrations hold none."""
    shown = {d.event for d in read_demonstrations(recipe.demonstrations.source)}
    return [name for name in recipe.event_names if name not in shown]


def _iteration(recipe: Recipe, number: int, events: Sequence[str]) -> Recipe:
    """The recipe of the dataset of one iteration, in the source language."""
    table = recipe.model_dump(mode="json") | {
        "name": f"{recipe.name}-pool-{number}",
        "languages": [SOURCE_TAG],
        "events": list(events),
        "dialogues_per_language": recipe.pool.dialogues * len(events),
        "output": str(recipe.pool_folder / f"iteration-{number}"),
        "reference": "",
        "pool": {"iterations": number - 1, "of": str(recipe.pool_folder)},
    }
    if table["budget"]["max_tokens_total"]:
        left = table["budget"]["max_tokens_total"] - tokens_of_pool(recipe, number - 1)
        table["budget"]["max_tokens_total"] = max(1, left)
    return Recipe.model_validate(table)


def tokens_of_pool(recipe: Recipe, iterations: int) -> int:
    """The tokens that so many iterations of the recipe's own pool took."""
    if recipe.pool.of:
        return 0
    folders = (recipe.pool_folder / f"iteration-{n + 1}" for n in range(iterations))
    return sum(count_tokens(folder) for folder in folders if (folder / RECIPE).exists())


def seal(iteration: Recipe, path: Location, keep: int) -> None:
    """Write the best ``keep`` dialogues of each event of a finished iteration to ``path``."""
    rows = read_rows(iteration.folder, "data", _COLUMNS).sort("index").to_dicts()
    lines = [json.dumps(_demonstration(row), ensure_ascii=False) for row in _best(rows, keep)]
    write_text(path, "".join(f"{line}\n" for line in lines))


def _best(rows: Sequence[dict[str, Any]], keep: int) -> Iterator[dict[str, Any]]:
    """The rows of each event that rank best among its rows; of equal ones the first."""
    by_event: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_event.setdefault(row["speech_event"], []).append(row)
    for event in sorted(by_event):
        own = by_event[event]
        scores = [{one["critic"]: one["score"] for one in row["verdicts"]} for row in own]
        sums = rank_sums(scores)
        yield from [own[at] for at in sorted(range(len(own)), key=lambda at: -sums[at])[:keep]]


def _demonstration(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as a line of our own demonstrations, its people called A and B as in all of them."""
    row = as_told(row)
    names = [persona["name"] for persona in row["personas"]]
    return {
        "event": row["speech_event"],
        "premise": lettered(row["common_ground"]["premise"], names),
        "personas": [persona["facts"] or None for persona in row["personas"]],
        "turns": row["turns"],
    }
