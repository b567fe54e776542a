"""Prompts and dialogues in the terminal."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import polars as pl
from rich.panel import Panel
from rich.text import Text

from crowdglot.command.console import console, print_left_out
from crowdglot.datasets.folder import read_stored_recipe
from crowdglot.datasets.funnel import read_rows
from crowdglot.datasets.record import draft_text
from crowdglot.datasets.storage.location import Location
from crowdglot.languages.language import resolve_language
from crowdglot.scenarios.event import read_event
from crowdglot.writing.opened import open_recipe
from crowdglot.writing.recipe import Recipe


def print_prompts(recipe: Recipe, first: int, count: int) -> None:
    """The chat messages of a few scenarios, as the engine would get them."""
    opened = open_recipe(recipe)
    print_left_out(opened.left_out)
    for index in range(first, first + count):
        scenario = opened.plan.scenario(index)
        console.rule(f"{scenario.id}: {scenario.event.title}")
        for message in opened.prompt(index):
            console.print(f"[bold]{message.role}[/]")
            console.print(Text(message.content), soft_wrap=True)  # as it is, to be copied
            console.print()


def print_dialogues(
    folder: Location,
    *,
    language: str = "",
    event: str = "",
    rejected: bool = False,
    count: int = 4,
) -> bool:
    """Some rows of a dataset, languages taking turns; whether there was any."""
    read_stored_recipe(folder)
    rows = read_rows(folder, "rejected" if rejected else "data")
    if language:
        rows = rows.filter(pl.col("language") == resolve_language(language).tag)
    if event:
        rows = rows.filter(pl.col("speech_event") == read_event(event).name)
    if rows.is_empty():
        console.print("No such dialogue.")
        return False
    turns = pl.int_range(pl.len()).over("language")
    for row in rows.with_columns(turn=turns).sort("turn", "language").head(count).to_dicts():
        console.print(_panel(row))
    return True


def _headings(parts: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """By the number of its first turn, from 0, what is said of a part of a dialogue."""
    first = accumulate((part["turns"] for part in parts), initial=0)
    return {
        at: f"– {part['name']}, day {part['day']} –\n"
        for at, part in zip(first, parts, strict=False)
    }


def _panel(row: dict[str, Any]) -> Panel:
    names = {persona["speaker"]: persona["name"] for persona in row["personas"]}
    text = Text()
    text.append(f"{row['common_ground']['premise']}\n\n", style="italic dim")
    heads = _headings(row["parts"] or ())
    for number, turn in enumerate(row["turns"] or ()):
        text.append(heads.get(number, ""), style="dim")
        text.append(f"{names.get(turn['speaker'], turn['speaker'])}: ", style="bold")
        text.append(f"{turn['text']}\n")
    if not row["turns"]:
        text.append(f"{draft_text(row)}\n")
    if row["reason"]:
        text.append(f"\nrejected: {row['reason']}", style="red")
        for verdict in row["verdicts"]:
            if verdict["reason"]:
                text.append(f"\n  {verdict['critic']}: {verdict['evidence']}", style="dim")
    title = f"{row['id']} · {row['speech_event']} · {row['common_ground']['relation']}"
    return Panel(text, title=title, title_align="left")
