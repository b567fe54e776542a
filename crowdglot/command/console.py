"""Where the command prints."""

from rich.console import Console

console = Console(highlight=False)
