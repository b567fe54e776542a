"""What the command prints of a dataset beside people, and of response selection."""

from collections.abc import Sequence

from rich.text import Text

from crowdglot.command.output.console import MOST, between, console, new_table, print_left_out
from crowdglot.evidence.resemble.comparing import Resemblance
from crowdglot.evidence.resemble.telling import Auc
from crowdglot.evidence.selection.selecting import Selection
from crowdglot.languages.language import resolve_language
from crowdglot.printable import one_line


def print_resemblance(one: Resemblance | str) -> None:
    """How well a language is told apart, and by what; or why that is not known."""
    if isinstance(one, str):
        print_left_out([one_line(one, MOST)])
        return
    (ours, theirs), (of_ours, of_theirs) = one.drawn, one.there
    console.print(
        Text(
            f"{resolve_language(one.language).name} ({one.language}): {ours:,} of {of_ours:,} "
            f"dialogues, {theirs:,} of {of_theirs:,} of people's. AUC {_auc(one.whole)}; "
            f"length-matched {_auc(one.matched)} ({one.pairs:,} each of {one.turns} turns)."
        ),
        soft_wrap=True,
    )
    if any(one.left_out):
        gone = "left out, withdrawn or of fewer than two turns"
        console.print(Text(f"  {one.left_out[0]} of ours, {one.left_out[1]} of people's {gone}."))
    for giveaway in one.giveaways:
        console.print(Text(f"  {one_line(giveaway.told, MOST)}"), soft_wrap=True)
    for line in one.distances.each if one.distances else ():
        told = f"{line.ours[0]:.3f}, between people's {between('.3f', *line.human)}"
        console.print(Text(f"  {line.measure}: {told}"), soft_wrap=True)


def _auc(figure: Auc | None) -> str:
    return between(".3f", figure.value, figure.low, figure.high) if figure else "unknown"


def print_selections(every: Sequence[Selection | str]) -> None:
    """A table of all rankers and languages, and why others have no figure."""
    columns = ("dialogues", "language", "by", "questions", "R20@1", "R20@5", "MRR")
    table = new_table("Response selection: one of 20", *columns, texts=3)
    made = [one for one in every if isinstance(one, Selection)]
    for one in made:
        figures = (f"{s.value:.3f}\n{s.low:.3f} - {s.high:.3f}" for s in one.shares)
        named = (one_line(one.source, 60), one.language, one_line(one.by, 60))
        table.add_row(*map(Text, (*named, f"{one.questions:,}", *figures)))
    if made:
        table.add_row("", "", "chance", "", *(f"{share.chance:.3f}" for share in made[0].shares))
        console.print(table)
    print_left_out(one_line(one, MOST) for one in every if isinstance(one, str))
