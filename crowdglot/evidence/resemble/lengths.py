"""Both sides cut to the same turns and the same lengths, so that length alone tells nothing.

All begin at their beginning and have the same number of turns. One of each side is paired by rank
of length, and the longer of a pair is cut to the other's tokens: from inside its turns, so that
how turns begin and end stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from crowdglot.evidence.resemble.tokens import GAP, Spoken, said
from crowdglot.statistics import some_numbers

_SHORT = 20  # percentile of a side's turns: so many of its dialogues may be shorter and left out


@dataclass(frozen=True, slots=True)
class Matched:
    """As many dialogues of either side, each of so many ``turns``; one of ``ours`` has about the
    tokens of its like in ``theirs``."""

    ours: list[Spoken]
    theirs: list[Spoken]
    turns: int


def equal_turns(*sides: Sequence[Spoken]) -> int:
    """Turns that most dialogues of every side have, at least 2."""
    counts = ([len(one.turns) for one in side] for side in sides)
    return max(2, int(min(np.percentile(side, _SHORT) for side in counts)))


def match_lengths(ours: Sequence[Spoken], theirs: Sequence[Spoken]) -> Matched:
    """Both sides equally many and equally long; shorter dialogues are left out."""
    turns = equal_turns(ours, theirs)
    sides = [[first_turns(one, turns) for one in side if len(one.turns) >= turns]
             for side in (ours, theirs)]  # fmt: skip
    size = min(map(len, sides))
    drawn = []
    for name, side in zip(("ours", "theirs"), sides, strict=True):
        some = [side[at] for at in some_numbers(len(side), size, 0, "lengths", name)]
        drawn.append(sorted(some, key=lambda one: one.length))
    pairs = [
        (_cut(one, other.length), _cut(other, one.length))
        for one, other in zip(*drawn, strict=True)
    ]
    return Matched([one for one, _ in pairs], [other for _, other in pairs], turns)


def first_turns(one: Spoken, turns: int) -> Spoken:
    """The dialogue up to so many turns."""
    return replace(one, turns=one.turns[:turns], speakers=one.speakers[:turns])


def _cut(one: Spoken, tokens: int) -> Spoken:
    """The dialogue with about so many tokens, the same share of every turn; as it is if shorter."""
    share = tokens / one.length
    return one if share >= 1 else replace(one, turns=tuple(_within(t, share) for t in one.turns))


def _within(turn: tuple[str, ...], share: float) -> tuple[str, ...]:
    """The beginning of a turn, and its last word with what follows."""
    last = max((at for at, token in enumerate(turn) if said(token)), default=len(turn) - 1)
    head = max(1, round(share * len(turn)) - (len(turn) - last))
    return turn if head >= last else (*turn[:head], GAP, *turn[last:])
