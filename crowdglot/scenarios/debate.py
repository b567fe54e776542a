"""Debates: what is argued over, who is for it, and whether the sides know each other's traits.

The propositions are a speech event's own. They are of low stakes: whoever is won over has lost and
gained nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from crowdglot.draws import Draws

# Who is in favour, and whether the other's traits are known: the cells of the trial's plan.
_CELLS = tuple((side, known) for side in "AB" for known in (False, True))


@dataclass(frozen=True, slots=True)
class Debate:
    """``proposition``: one English sentence. ``in_favour``: the letter of the speaker who is for
    it; the other is against. ``known``: whether each side is told the other's persona."""

    proposition: str
    in_favour: str
    known: bool

    def premise(self, names: Sequence[str]) -> str:
        """What happens, for two speakers of these names."""
        for_it, against = names if self.in_favour == "A" else reversed(names)
        told = (
            f"{names[0]} and {names[1]} argue, for the pleasure of it, over one claim: "
            f"{self.proposition} {for_it} is for it, {against} is against it."
        )
        return told[:1].upper() + told[1:] if told[:1].isascii() else told


def draw_debate(propositions: Sequence[str], seed: int, tag: str, turn: int) -> Debate:
    """The debate of a language's round ``turn``: all propositions before one comes again, and all
    four cells before one of them does."""
    cycle, step = divmod(turn, len(propositions))
    proposition = Draws(seed, "propositions", tag, cycle).shuffled(propositions)[step]
    cycle, step = divmod(turn, len(_CELLS))
    in_favour, known = Draws(seed, "debates", tag, cycle).shuffled(_CELLS)[step]
    return Debate(proposition, in_favour, known)
