"""The dialogues known so far: by MinHash (Broder 1997) and bands of it (LSH: Indyk and Motwani
1998) those near enough to be compared are found, and exact Jaccard decides.

Only the cache of ``bands`` is in memory. The texts stay where they are; ``fetch`` brings those of
candidates.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from outputs.duplicates.bands import Bands, Signer
from outputs.duplicates.shingles import jaccard

Shingles = frozenset[str]
_FEWEST = 8  # shingles that a text needs to be compared: "I am fine, and you?" is nobody's copy
# A dialogue has 64 places in the bands: its first 63 turns, and the whole.
_PLACES, _WHOLE = 64, 63


@dataclass(frozen=True, slots=True)
class Match:
    """What a dialogue duplicates. ``key``: of the earlier one; ``share``: Jaccard of the whole
    dialogue for the reason "near_duplicate", repeated turns over long ones for "repeated_turns",
    where ``turn`` is the number of the first one that is repeated, from 1."""

    reason: str
    key: int
    share: float
    turn: int = 0


class Index:
    """Near-duplicates of what was put in before.

    ``least_similarity``: Jaccard from which two texts are duplicates. ``least_repeated``: the
    share of long turns, two at least, that make a dialogue one when they are duplicates each.
    ``fetch``: the shingles of every turn of a key that was put in.
    """

    def __init__(
        self,
        least_similarity: float,
        least_repeated: float,
        fetch: Callable[[int], Sequence[Shingles]],
    ) -> None:
        self.least_similarity, self.least_repeated = least_similarity, least_repeated
        self._fetch = fetch
        self._sign_whole = Signer(64, least_similarity, recall=0.95)
        self._sign_turn = Signer(18, least_similarity, recall=0.9)
        self._bands = Bands()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bands.close()

    def put(self, key: int, turns: Sequence[Shingles], *, always: bool = False) -> Match | None:
        """Keep a dialogue, or say what it duplicates and forget it; ``always``: keep it anyway."""
        whole = frozenset[str]().union(*turns)
        if len(whole) < _FEWEST:
            return None
        long = {n: t for n, t in enumerate(turns[:_WHOLE]) if len(t) >= _FEWEST}
        signed = {number: self._sign_turn(turn) for number, turn in long.items()}
        signed[_WHOLE] = self._sign_whole(whole)
        near = self._bands.candidates(signed)
        repeated: dict[int, int] = {}
        for number, turn in long.items():
            if (other := self._first_with(turn, near.get(number, ()))) is not None:
                repeated[number] = other
        if not always:
            if match := self._nearest(whole, near.get(_WHOLE, ())):
                return match
            if len(repeated) >= max(2, self.least_repeated * len(long)):
                other = Counter(repeated.values()).most_common(1)[0][0]
                first = next(number for number, found in repeated.items() if found == other)
                return Match("repeated_turns", other, len(repeated) / len(long), first + 1)
        for number, bands in signed.items():
            if number not in repeated:
                self._bands.insert(key * _PLACES + number, bands)
        return None

    def _nearest(self, whole: Shingles, places: Sequence[int]) -> Match | None:
        best: Match | None = None
        for key, number in (divmod(place, _PLACES) for place in places):
            if number != _WHOLE:
                continue
            similarity = jaccard(whole, frozenset[str]().union(*self._fetch(key)))
            if similarity >= self.least_similarity and (best is None or similarity > best.share):
                best = Match("near_duplicate", key, similarity)
        return best

    def _first_with(self, turn: Shingles, places: Sequence[int]) -> int | None:
        """The first dialogue that has this turn."""
        for key, number in (divmod(place, _PLACES) for place in places):
            if number != _WHOLE and (
                jaccard(turn, self._fetch(key)[number]) >= self.least_similarity
            ):
                return key
        return None
