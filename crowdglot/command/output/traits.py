"""The table of how far traits show."""

from collections.abc import Sequence

from rich.table import Column, Table
from rich.text import Text

from crowdglot.command.output.console import console
from crowdglot.evidence.traits.measure import Rate
from crowdglot.printable import one_line

_MOST = 200  # characters of a name


def print_rates(rates: Sequence[Rate]) -> None:
    """One line a language, trait, kind of turns, value and recogniser; why where there is none."""
    heads = ("language", "trait", "value", "turns", "by", "speakers", "recovered", "chance",
             "coherence")  # fmt: skip
    table = Table(*(Column(name, justify="right" if name == "speakers" else "left")
                    for name in heads))  # fmt: skip
    for one in rates:
        names = (one.language, one.trait, one.value, one.contexts, one.by)
        table.add_row(
            *(Text(one_line(name, _MOST)) for name in names),
            f"{one.count}" + (f" ({one.unread} unread)" if one.unread else ""),
            Text(_rate(one)),
            f"{one.chance:.2f}",
            "–" if one.coherence is None else f"{one.coherence:.2f}",
        )
    console.print(table)


def _rate(one: Rate) -> str:
    if one.rate is None:
        return f"no figure: {one_line(one.why, _MOST)}"
    shown = f"{one.rate:.2f}"
    return shown if one.low is None else f"{shown} ({one.low:.2f} to {one.high:.2f})"
