"""What a speaker remembers of earlier days, and how it fades.

Retention after MemoryBank (Zhong et al. 2024): R = exp(-t / S), t in weeks since the memory was
made or last used, S a whole number that grows by one with each use. Nothing here is drawn: a memory
is forgotten once its retention is below a threshold, and stays in the record with the day of that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp

# With which strength a memory of each kind begins: who met whom outlives how it felt.
KINDS = {"summary": 2, "fact": 2, "mood": 1}
LEAST_RETENTION = 0.2
_DAYS_PER_WEEK = 7


@dataclass(frozen=True, slots=True)
class Memory:
    """One sentence that a speaker remembers, in the source language.

    ``id``: its owner's letter and a number, such as "A2". ``kind``: one of ``KINDS``. ``day``: when
    it was made; ``recalled``: the day of its last use. ``turns``: the numbers, from 1, of the turns
    that used it. ``forgotten``: the day from which it is shown no more, or None.
    """

    id: str
    speaker: str
    kind: str
    text: str
    day: int
    strength: int
    recalled: int
    turns: tuple[int, ...] = ()
    forgotten: int | None = None

    def retention(self, day: int) -> float:
        """How well it is remembered on a day, from 1 to 0."""
        return retention(day - self.recalled, self.strength)


def retention(days: float, strength: float) -> float:
    """exp(-t / S) for ``days`` since the last use; 1 on the day itself."""
    return exp(-days / _DAYS_PER_WEEK / strength)


def faded(memories: Sequence[Memory], day: int) -> tuple[Memory, ...]:
    """The same memories on a later day: what is below the threshold is marked as forgotten."""
    return tuple(
        replace(memory, forgotten=day)
        if memory.forgotten is None and memory.retention(day) < LEAST_RETENTION
        else memory
        for memory in memories
    )


def at_hand(memories: Sequence[Memory], speaker: str, day: int, most: int) -> tuple[Memory, ...]:
    """What a speaker remembers best on a day: at most so many, in the order they were made."""
    own = [one for one in memories if one.speaker == speaker and one.forgotten is None]
    best = sorted(own, key=lambda one: -one.retention(day))[:most]
    return tuple(one for one in own if one in best)


def used(memories: Sequence[Memory], name: str, day: int, turn: int) -> tuple[Memory, ...]:
    """The same memories after turn number ``turn`` used the one with the id ``name``."""
    return tuple(
        replace(one, strength=one.strength + 1, recalled=day, turns=(*one.turns, turn))
        if one.id == name
        else one
        for one in memories
    )


def noted(
    memories: Sequence[Memory], speaker: str, day: int, notes: Sequence[tuple[str, str]]
) -> tuple[Memory, ...]:
    """The memories and new ones of this speaker: of each its kind and its text."""
    first = 1 + sum(one.speaker == speaker for one in memories)
    new = (
        Memory(f"{speaker}{number}", speaker, kind, text, day, KINDS[kind], day)
        for number, (kind, text) in enumerate(notes, start=first)
    )
    return (*memories, *new)
