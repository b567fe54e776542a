"""Wrong answers to choose the right one from: what others say elsewhere at that turn.

They are of the same language and split, stand at the same turn of their dialogue, are about as
long, and are no turns of a dialogue between the same personas. Every turn is right once and wrong
about as often as any other, so that no text gives itself away by being frequent.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, NamedTuple, Protocol, TypeVar

from crowdglot.draws import Draws

DISTRACTORS = 19
# Views of one language and split among which they are sought; at most twice as many are in memory.
_WINDOW = 2_000
# They are drawn from so many that are nearest in length, at least half and at most twice as long.
_NEAREST = 3 * DISTRACTORS


class Answering(Protocol):
    """What answers are taken from: a ``View`` of a dialogue, or a whole one."""

    @property
    def id(self) -> str: ...

    @property
    def language(self) -> str: ...

    @property
    def split(self) -> str: ...

    @property
    def pair(self) -> tuple[str, ...]: ...

    def answers(self) -> Iterator[tuple[int, tuple[str, ...], str]]:
        """The number of each turn to be chosen, all turns before it, and what is said."""
        ...


One = TypeVar("One", bound=Answering)


class Answer(NamedTuple, Generic[One]):
    """What a speaker says at turn ``at`` after ``history``, and what others say elsewhere."""

    view: One
    at: int
    history: tuple[str, ...]
    text: str
    distractors: list[str]


class _Turn(NamedTuple):
    length: int
    text: str
    pair: tuple[str, ...]


def answers(views: Iterable[One]) -> Iterator[Answer[One]]:
    """Every answer of every view, with up to ``DISTRACTORS`` different distractors."""
    for some, among in _windows(views):
        pools = _pools(among)
        for view in some:
            for at, history, text in view.answers():
                found = _draw(pools[at], text, view, at)
                yield Answer(view, at, history, text, found)


def enough(every: Iterable[Answer[One]], noted: Counter[str]) -> Iterator[Answer[One]]:
    """The answers that have all their distractors; ``noted`` counts the others."""
    for answer in every:
        if len(answer.distractors) == DISTRACTORS:
            yield answer
        else:
            noted[f"answers for which there are no {DISTRACTORS} distractors"] += 1


def _windows(views: Iterable[One]) -> Iterator[tuple[list[One], list[One]]]:
    """Some views, and those of the same language and split to draw from, in which they are."""
    waiting: dict[tuple[str, str], list[One]] = {}
    for view in views:
        key = (view.language, view.split)
        # Datasets are read language by language.
        for other in [other for other in waiting if other[0] != view.language]:
            done = waiting.pop(other)
            yield done, done
        mine = waiting.setdefault(key, [])
        mine.append(view)
        if len(mine) == 2 * _WINDOW:
            yield mine[:_WINDOW], mine
            waiting[key] = mine[_WINDOW:]
    for done in waiting.values():
        yield done, done


def _pools(views: Iterable[Answering]) -> dict[int, list[_Turn]]:
    """All answers by their turn, each text once, the shortest first."""
    pools: dict[int, dict[str, _Turn]] = {}
    for view in views:
        for at, _, text in view.answers():
            pools.setdefault(at, {}).setdefault(text, _Turn(len(text), text, view.pair))
    return {at: sorted(pool.values()) for at, pool in pools.items()}


def _draw(pool: Sequence[_Turn], text: str, view: Answering, at: int) -> list[str]:
    fit = (
        turn.text
        for turn in _nearest(pool, len(text))
        if turn.pair != view.pair and turn.text != text
    )
    drawn = Draws("distractors", view.id, at).shuffled(list(islice(fit, _NEAREST)))
    return drawn[:DISTRACTORS]


def _nearest(pool: Sequence[_Turn], length: int) -> Iterator[_Turn]:
    """Those at least half and at most twice as long, the nearest in length first."""
    above = bisect_left(pool, (length,))
    below = above - 1
    while True:
        longer = pool[above].length - length if above < len(pool) else length + 1
        shorter = length - pool[below].length if below >= 0 else length + 1
        shorter = shorter if 2 * shorter <= length else length + 1
        if min(longer, shorter) > length:
            return
        if longer <= shorter:
            yield pool[above]
            above += 1
        else:
            yield pool[below]
            below -= 1
