"""Where the command prints, and the form of its tables."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from crowdglot.dialogues.human import human_files, left_out
from crowdglot.printable import one_line

MOST = 200  # characters of a name, or of a line
console = Console(highlight=False)


def print_left_out(sentences: Iterable[str]) -> None:
    """What was left out of the sources, before anything else is shown."""
    for sentence in sentences:
        console.print(Text(sentence, style="yellow"), soft_wrap=True)


def print_unread(human: Path | None, language: str = "") -> None:
    """What cannot be read of human dialogues, where there are any."""
    if human is not None:
        print_left_out(left_out(human_files(human, language)))


def new_table(title: str, *columns: str, texts: int = 1) -> Table:
    """A table whose first columns, so many, are text and whose others are figures."""
    heads = (
        Column(name, justify="left" if at < texts else "right") for at, name in enumerate(columns)
    )
    return Table(*heads, title=Text(one_line(title, 2_000)), title_justify="left")


def name_cell(name: str) -> Text:
    """A name that files bring, as a cell."""
    return Text(one_line(name, MOST))


def between(form: str, value: float, low: float | None, high: float | None) -> str:
    """A figure with its interval, if it has one."""
    if low is None or high is None:
        return f"{value:{form}}"
    return f"{value:{form}} ({low:{form}} – {high:{form}})"
