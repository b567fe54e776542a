"""What the command prints of a dataset beside people, and of response selection."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.table import Column, Table
from rich.text import Text

from crowdglot.command.output.console import console, print_left_out
from crowdglot.datasets.storage.files import write_json
from crowdglot.dialogues.human import human_files, left_out
from crowdglot.evidence.drawn import is_dataset
from crowdglot.evidence.resemble.comparing import Resemblance
from crowdglot.evidence.resemble.telling import Auc
from crowdglot.evidence.selection.selecting import Selection
from crowdglot.languages.language import resolve_language
from crowdglot.printable import one_line

_SHOWN = 200  # characters of one line


def print_unread(sources: Iterable[str]) -> None:
    """What cannot be read of human dialogues; datasets are passed over."""
    for source in sources:
        if source and not is_dataset(source):
            print_left_out(left_out(human_files(Path(source))))


def print_resemblance(one: Resemblance | str) -> None:
    """How well a language is told apart, and by what; or why that is not known."""
    if isinstance(one, str):
        console.print(Text(one_line(one, _SHOWN), style="yellow"), soft_wrap=True)
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
        console.print(Text(f"  {one_line(giveaway.told, _SHOWN)}"), soft_wrap=True)
    for line in one.distances.each if one.distances else ():
        console.print(
            Text(f"  {line.measure}: {line.ours[0]:.3f}, between people's {line.human[0]:.3f} "
                 f"({line.human[1]:.3f} - {line.human[2]:.3f})"),
            soft_wrap=True,
        )  # fmt: skip


def _auc(figure: Auc | None) -> str:
    if figure is None:
        return "unknown"
    return f"{figure.value:.3f} ({figure.low:.3f} - {figure.high:.3f})"


def print_selections(every: Sequence[Selection | str]) -> None:
    """A table of all rankers and languages, and why others have no figure."""
    columns = ("dialogues", "language", "by", "questions", "R20@1", "R20@5", "MRR")
    heads = (Column(name, justify="right" if at > 2 else "left") for at, name in enumerate(columns))
    table = Table(*heads, title="Response selection: one of 20", title_justify="left")
    made = [one for one in every if isinstance(one, Selection)]
    for one in made:
        figures = (f"{s.value:.3f}\n{s.low:.3f} - {s.high:.3f}" for s in one.shares)
        named = (one_line(one.source, 60), one.language, one_line(one.by, 60))
        table.add_row(*map(Text, (*named, f"{one.questions:,}", *figures)))
    if made:
        table.add_row("", "", "chance", "", *(f"{share.chance:.3f}" for share in made[0].shares))
        console.print(table)
    for sentence in every:
        if isinstance(sentence, str):
            console.print(Text(one_line(sentence, _SHOWN), style="yellow"), soft_wrap=True)


def write_selections(path: Path, every: Sequence[Selection | str]) -> None:
    """All figures as JSON; StorageError where the file cannot be written."""
    figures = {
        "selections": [asdict(one) for one in every if isinstance(one, Selection)],
        "without": [one for one in every if isinstance(one, str)],
    }
    write_json(path, figures)
