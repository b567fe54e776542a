"""The table of how far traits show."""

from collections.abc import Sequence

from rich.text import Text

from crowdglot.command.output.console import (
    MOST,
    between,
    console,
    name_cell,
    new_table,
    print_left_out,
)
from crowdglot.evidence.traits.measure import Recovery
from crowdglot.printable import one_line


def print_recoveries(lines: Sequence[Recovery]) -> None:
    """A line a language, trait, kind of turns, value and recogniser; then why some have no rate."""
    heads = ("language", "trait", "value", "turns", "by", "speakers", "recovered", "chance",
             "coherence")  # fmt: skip
    table = new_table("How often traits are recovered", *heads, texts=5)
    for one in lines:
        names = (one.language, one.trait, one.value, one.contexts, one.by)
        table.add_row(
            *map(name_cell, names),
            f"{one.count}" + (f" ({one.unread} unread)" if one.unread else ""),
            Text("–" if one.rate is None else between(".2f", one.rate, one.low, one.high)),
            f"{one.chance:.2f}",
            "–" if one.coherence is None else f"{one.coherence:.2f}",
        )
    console.print(table)
    reasons = dict.fromkeys(
        f"{one.language}, {one.trait}, {one.by}: no figure: {one_line(one.why, MOST)}"
        for one in lines
        if one.rate is None
    )
    print_left_out(reasons)
