"""What a comparison found, in the terminal."""

from rich.text import Text

from crowdglot.command.output.console import console, new_table, print_left_out
from crowdglot.evidence.compare.comparing import POOLED, Compared, Comparison
from crowdglot.evidence.compare.page import chance, signed, words
from crowdglot.printable import one_line

_MOST = 40  # lines; the page has all
_MOST_TEXT = 300


def print_compared(compared: Compared) -> None:
    """The arms, the notes, and what is told apart, pooled differences first."""
    arms = new_table("Arms", "arm", "dialogues", "acceptance", "calls", "tokens", texts=3)
    for arm in compared.as_json()["arms"]:
        counts = ", ".join(f"{tag} {count}" for tag, count in arm["dialogues"].items())
        told = ["–"] * 3
        if "drafts" in arm:
            rate = f"{arm['accepted']} of {arm['drafts']} ({arm['acceptance_rate']:.1%})"
            tokens = arm["prompt_tokens"] + arm["completion_tokens"]
            told = [rate, f"{arm['calls']:,}", f"{tokens:,}"]
        arms.add_row(Text(arm["name"]), Text(counts), *told)
    console.print(arms)
    print_left_out(one_line(note, _MOST_TEXT) for note in compared.notes)
    found = sorted(
        (one for one in compared.comparisons if one.differs),
        key=lambda one: (one.language != POOLED, one.p_holm or 0.0),
    )
    console.print(f"{len(found)} of {compared.tests} tests tell two arms apart at 95% (Holm).")
    for one in found[:_MOST]:
        console.print(Text(_sentence(one)))
    if len(found) > _MOST:
        console.print(f"… and {len(found) - _MOST} more, in the page.")


def _sentence(one: Comparison) -> str:
    low, high = one.found.low, one.found.high
    ends = "" if low is None or high is None else f" ({signed(low)} to {signed(high)})"
    return (
        f"{one.language}, equal {one.size}: {words(one.measure)[0]} of {one.other} less that of "
        f"{one.one} is {signed(one.found.difference)}{ends}, p {chance(one.p_holm)}."
    )
