"""Prompts and dialogues in the terminal."""

from collections.abc import Mapping, Sequence
from itertools import accumulate, groupby
from typing import Any

import polars as pl
from rich.panel import Panel
from rich.text import Text

from crowdglot.command.output.console import console, print_left_out
from crowdglot.datasets.folder import read_stored_recipe
from crowdglot.datasets.record import draft_text
from crowdglot.datasets.scan import first_rows
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.location import Location
from crowdglot.datasets.told import untold
from crowdglot.languages.language import resolve_language
from crowdglot.printable import one_line, visible
from crowdglot.scenarios.event import read_event
from crowdglot.writing.opened import open_recipe
from crowdglot.writing.recipe import Recipe

_MOST, _MOST_NAME = 20_000, 200  # characters that are shown of a text, of a name


def print_prompts(recipe: Recipe, first: int, count: int) -> None:
    """The chat messages of a few scenarios, as the engine would get them."""
    opened = open_recipe(recipe)
    print_left_out(opened.left_out)
    for index in range(first, first + count):
        scenario = opened.plan.scenario(index)
        console.rule(Text(one_line(f"{scenario.id}: {scenario.event.title}")))
        relation = scenario.common_ground.relation
        if why := opened.plan.personas.why(scenario.personas, relation):
            console.print(Text(one_line(why)), style="dim")
        for message in opened.prompt(index):
            console.print(f"[bold]{message.role}[/]")
            console.print(Text(visible(message.content)), soft_wrap=True)  # to be copied
            console.print()


def print_dialogues(
    folder: Location,
    count: int = 4,
    *,
    language: str = "",
    event: str = "",
    rejected: bool = False,
) -> bool:
    """Some rows of a dataset, languages taking turns; whether there was any."""
    read_stored_recipe(folder)
    tag = resolve_language(language).tag if language else "*"
    files = files_of(folder, "rejected" if rejected else "data", tag)
    wanted = pl.col("speech_event") == read_event(event).name if event else pl.lit(True)
    # Languages take turns, so of each no more than ``count`` are read.
    rows = pl.concat(
        first_rows(list(some), count, lambda frame: frame.filter(wanted)).with_row_index("turn")
        for _, some in groupby(files, lambda path: path.parents[0].name)
    ) if files else None  # fmt: skip
    if rows is None or rows.is_empty():
        console.print("No such dialogue.")
        return False
    for row in rows.sort("turn", "language").head(count).to_dicts():
        console.print(_panel(row))
    return True


def _headings(parts: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """By the number of its first turn, from 0, what is said of a part of a dialogue."""
    first = accumulate((part["turns"] for part in parts), initial=0)
    return {
        at: f"– {one_line(part['name'], _MOST_NAME)}, day {part['day']} –\n"
        for at, part in zip(first, parts, strict=False)
    }


def _panel(row: dict[str, Any]) -> Panel:
    names = {persona["speaker"]: persona["name"] for persona in row["personas"]}
    text = Text()
    text.append(f"{visible(row['common_ground']['premise'], _MOST)}\n", style="italic dim")
    text.append(f"{told}\n\n" if (told := untold(row)) else "\n", style="dim")
    heads = _headings(row["parts"] or ())
    for number, turn in enumerate(row["turns"] or ()):
        text.append(heads.get(number, ""), style="dim")
        speaker = names.get(turn["speaker"], turn["speaker"])
        text.append(f"{one_line(speaker, _MOST_NAME)}: ", style="bold")
        text.append(f"{visible(turn['text'], _MOST)}\n")
    if not row["turns"]:
        text.append(f"{visible(draft_text(row), _MOST)}\n")
    if row["reason"]:
        text.append(f"\nrejected: {one_line(row['reason'], _MOST_NAME)}", style="red")
        for verdict in row["verdicts"]:
            if verdict["reason"]:
                critic, evidence = verdict["critic"], verdict["evidence"]
                told = f"{one_line(critic, _MOST_NAME)}: {visible(evidence, _MOST)}"
                text.append(f"\n  {told}", style="dim")
    parts = (row["id"], row["speech_event"], row["common_ground"]["relation"])
    title = Text(" · ".join(one_line(part, _MOST_NAME) for part in parts))
    return Panel(text, title=title, title_align="left")
