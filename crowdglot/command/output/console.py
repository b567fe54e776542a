"""Where the command prints."""

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

console = Console(highlight=False)


def print_left_out(sentences: Iterable[str]) -> None:
    """What was left out of the sources, before anything else is shown."""
    for sentence in sentences:
        console.print(Text(sentence, style="yellow"), soft_wrap=True)
