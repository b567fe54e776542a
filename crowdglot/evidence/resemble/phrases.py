"""Phrases that one side says more than the other: log-odds with an informative Dirichlet prior.

After Monroe, Colaresi and Quinn 2008: the prior of a phrase is its share of both sides together, so
that what is said twice by one side and never by the other is no discovery.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crowdglot.evidence.resemble.style import Feature, Numbers
from crowdglot.evidence.resemble.tokens import Spoken, said

KINDS = ("says", "opens a turn with", "ends a turn with", "ends a turn with a word on")
_LONGEST = 3  # tokens
_JOINTS = frozenset("'-")
_PRIOR = 500.0  # phrases of a kind, shared out by how frequent each is
_FEWEST = 5  # dialogues, of either side, in which a phrase stands

Whole = NDArray[np.int64]
Phrase = tuple[int, str]  # the number of its kind, and how it reads


@dataclass(frozen=True, slots=True)
class Phrases:
    """Which phrases stand in which dialogues.

    ``kinds``: of each phrase the number of its kind. ``ids``, ``owners``, ``turns``: phrase, number
    of the dialogue, and in how many of its turns it stands. ``sizes``: turns of each dialogue.
    """

    phrases: tuple[Phrase, ...]
    kinds: Whole
    ids: Whole
    owners: Whole
    turns: Numbers
    sizes: Numbers

    def features(self, chosen: Whole) -> tuple[Feature, ...]:
        """The chosen phrases, as a reader is told them."""
        told = [self.phrases[at] for at in chosen]
        return tuple(Feature(KINDS[kind], "turns", phrase=text) for kind, text in told)

    def measure(self, chosen: Whole) -> Numbers:
        """One row a dialogue, one column a chosen phrase: the share of turns in which it stands."""
        column = np.full(len(self.phrases), -1)
        column[chosen] = np.arange(len(chosen))
        kept = column[self.ids] >= 0
        made = np.zeros((len(self.sizes), len(chosen)))
        made[self.owners[kept], column[self.ids[kept]]] = self.turns[kept]
        return np.asarray(made / np.maximum(1.0, self.sizes)[:, None])

    def log_odds(self, ours: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> Numbers:
        """The z-score of each phrase, above 0 where the dialogues ``ours`` say it more."""
        one, other = self._counts(ours), self._counts(theirs)
        alone = [np.bincount(self.kinds, counts, len(KINDS))[self.kinds] for counts in (one, other)]
        prior = _PRIOR * (one + other) / np.maximum(1.0, alone[0] + alone[1])
        log_odds = [
            np.log(
                np.maximum(counts + prior, 1e-9) / np.maximum(total + _PRIOR - counts - prior, 1)
            )
            for counts, total in zip((one, other), alone, strict=True)
        ]
        spread = 1 / np.maximum(one + prior, 1e-9) + 1 / np.maximum(other + prior, 1e-9)
        return np.where(one + other > 0, (log_odds[0] - log_odds[1]) / np.sqrt(spread), 0.0)

    def _counts(self, chosen: NDArray[np.bool_]) -> Numbers:
        kept = chosen[self.owners]
        counts = np.bincount(self.ids[kept], self.turns[kept], len(self.phrases))
        return counts.astype(np.float64)


def find_phrases(dialogues: Sequence[Spoken], *, blanks: bool) -> Phrases:
    """All phrases that stand in several dialogues, whoever says them.

    ``blanks``: whether the language parts words by blanks.
    """
    counted = [_of_dialogue(one, blanks=blanks) for one in dialogues]
    spread: dict[Phrase, int] = {}
    for found in counted:
        for phrase in found:
            spread[phrase] = spread.get(phrase, 0) + 1
    known = {phrase: at for at, phrase in enumerate(
        phrase for phrase, count in spread.items() if count >= _FEWEST
    )}  # fmt: skip
    stands = [
        (known[phrase], owner, turns)
        for owner, found in enumerate(counted)
        for phrase, turns in found.items()
        if phrase in known
    ]
    table = np.array(stands, np.int64).reshape(-1, 3)
    return Phrases(
        tuple(known),
        np.array([kind for kind, _ in known], np.int64),
        table[:, 0],
        table[:, 1],
        table[:, 2].astype(np.float64),
        np.array([len(one.turns) for one in dialogues], np.float64),
    )


def _of_dialogue(one: Spoken, *, blanks: bool) -> dict[Phrase, int]:
    """Each phrase, with the number of turns in which it stands."""
    counts: dict[Phrase, int] = {}
    for turn in one.turns:
        for phrase in set(_of_turn(turn, blanks=blanks)):
            counts[phrase] = counts.get(phrase, 0) + 1
    return counts


def _of_turn(turn: tuple[str, ...], *, blanks: bool) -> Iterator[Phrase]:
    words = [at for at, token in enumerate(turn) if said(token)]
    if not words:
        return
    # No phrase reaches over a mark: the first token behind each that is neither word nor joint.
    bars = [at for at, token in enumerate(turn) if not (said(token) or token in _JOINTS)]
    ends = iter([*bars, len(turn)])
    bar = next(ends)
    for at in words:
        while bar < at:
            bar = next(ends)
        for end in range(at + 1, min(at + _LONGEST, bar) + 1):
            if said(turn[end - 1]) and not _is_torn(turn, at, end):
                yield 0, _joined(turn[at:end], blanks=blanks)
    first, last = words[0], words[-1]
    for size in (1, 2):
        if all(map(said, turn[first : first + size])) and first + size <= len(turn):
            yield 1, _joined(turn[first : first + size], blanks=blanks)
        if all(map(said, turn[last + 1 - size : last + 1])) and size <= last + 1:
            yield 2, _joined(turn[last + 1 - size : last + 1], blanks=blanks)
    if blanks and len(turn[last]) > 2:
        yield 3, turn[last][-2:]


def _is_torn(turn: tuple[str, ...], start: int, end: int) -> bool:
    """Whether a stretch begins or ends in the middle of a word such as "it's" or "l'ami"."""
    before, behind = turn[start - 1 : start], turn[end : end + 1]
    return (before == ("'",) and len(turn[start]) <= 2) or (
        behind == ("'",) and len(turn[end - 1]) <= 2
    )


def _joined(part: tuple[str, ...], *, blanks: bool) -> str:
    """The tokens as they are written."""
    if len(part) == 1:
        return part[0]
    text = (" " if blanks else "").join(part)
    return text.replace(" ' ", "'").replace(" - ", "-")
