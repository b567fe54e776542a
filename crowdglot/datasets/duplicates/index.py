"""The dialogues known so far: MinHash (Broder 1997) and its bands (LSH: Indyk and Motwani 1998)
find candidates, and exact Jaccard decides.

Only small runs of ``bands`` are in memory. Texts are not kept; ``fetch`` reads those of candidates.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from crowdglot.datasets.duplicates.bands import Bands, Hashes, Signer, shared
from crowdglot.datasets.duplicates.shingles import Shingles, jaccard

Texts = Sequence[Shingles]  # the shingles of every turn of a dialogue
FEWEST = 8  # shingles that a text needs to be compared: "I am fine, and you?" is nobody's copy
# A dialogue has 64 entries in the bands: its first 63 turns, and the whole. An entry is the
# dialogue's key times 64, plus the number of the turn.
_ENTRIES, _WHOLE = 64, 63


@dataclass(frozen=True, slots=True)
class Match:
    """What a dialogue duplicates.

    ``key``: of the earlier one. ``share``: Jaccard of the whole dialogue for the reason
    "near_duplicate", repeated turns over long ones for "repeated_turns", where ``turn`` is the
    number of the first repeated turn, from 1.
    """

    reason: str
    key: int
    share: float
    turn: int = 0


@dataclass(slots=True)
class _Part:
    """A turn or a whole dialogue while it is put, with the entries that share a band with it."""

    shingles: Shingles
    earlier: tuple[int, ...] = ()  # of earlier calls; a tuple, as there is nearly always none
    within: tuple[list[int], ...] = ()  # of this call, by band
    entry: int = -1  # its own once it is kept

    def candidates(self) -> Sequence[int]:
        """The entries to compare it with, in order."""
        if not self.earlier and not self.within:
            return ()
        return sorted({*self.earlier, *chain(*self.within)})

    def keep(self, entry: int) -> None:
        """Let those that follow in this call find it."""
        self.entry = entry
        for entries in self.within:
            entries.append(entry)


class Index:
    """Near-duplicates of what was put in before.

    ``least_similarity``: Jaccard from which two texts are duplicates. ``least_repeated``: the
    share of long turns, two at least, that must be duplicates each for the dialogue to be one.
    ``fetch``: the shingles of every turn of a key that was put in.
    """

    def __init__(
        self, least_similarity: float, least_repeated: float, fetch: Callable[[int], Texts]
    ) -> None:
        self.least_similarity, self.least_repeated = least_similarity, least_repeated
        self._fetch = fetch
        self._sign_whole = Signer(64, least_similarity, recall=0.95)
        self._sign_turn = Signer(18, least_similarity, recall=0.9)
        self._bands = Bands()

    def put(
        self, dialogues: Sequence[tuple[int, Texts]], *, always: bool = False
    ) -> list[Match | None]:
        """Keep each dialogue under its key, in order, or say what it duplicates and forget it.

        ``always``: keep it anyway. Many at once are faster, because they are signed, and looked up
        among those of earlier calls, together.
        """
        parts, bands = self._sign([turns for _, turns in dialogues])
        found = [
            self._put(key, own, always=always)
            for (key, _), own in zip(dialogues, parts, strict=True)
        ]
        for signed, hashes in bands:
            kept = np.array([part.entry >= 0 for part in signed], bool)
            entries = np.array([part.entry for part in signed if part.entry >= 0], np.uint64)
            self._bands.insert(hashes[kept].ravel(), entries.repeat(hashes.shape[1]))
        return found

    def _sign(
        self, dialogues: Sequence[Texts]
    ) -> tuple[list[dict[int, _Part]], list[tuple[list[_Part], Hashes]]]:
        """The long turns of each dialogue by number, and the whole; then all these with bands."""
        dealt: list[dict[int, _Part]] = [{} for _ in dialogues]
        turns, wholes = list[_Part](), list[_Part]()
        for parts, texts in zip(dealt, dialogues, strict=True):
            whole = frozenset[str]().union(*texts)
            if len(whole) >= FEWEST:
                for number, text in enumerate(texts[:_WHOLE]):
                    if len(text) >= FEWEST:
                        turns.append(parts.setdefault(number, _Part(text)))
                wholes.append(parts.setdefault(_WHOLE, _Part(whole)))
        bands = []
        for signer, signed in ((self._sign_turn, turns), (self._sign_whole, wholes)):
            if signed:
                hashes = signer.sign([part.shingles for part in signed])
                bands.append((signed, hashes))
                width = hashes.shape[1]
                for position, entry in self._bands.find(hashes.ravel()):
                    signed[position // width].earlier += (entry,)
                for positions in shared(hashes.ravel()):
                    entries: list[int] = []
                    for position in positions:
                        signed[position // width].within += (entries,)
        return dealt, bands

    def _put(self, key: int, parts: dict[int, _Part], *, always: bool) -> Match | None:
        whole = parts.get(_WHOLE)
        if whole is None:
            return None
        turns = {number: part for number, part in parts.items() if number != _WHOLE}
        repeated: dict[int, int] = {}
        for number, turn in turns.items():
            if found := next(self._alike(turn, whole=False), None):
                repeated[number] = found[0]
        if not always:
            alike = self._alike(whole, whole=True)
            if nearest := max(alike, key=lambda found: found[1], default=None):
                return Match("near_duplicate", *nearest)
            if len(repeated) >= max(2, self.least_repeated * len(turns)):
                other = Counter(repeated.values()).most_common(1)[0][0]
                first = next(number for number, key in repeated.items() if key == other)
                return Match("repeated_turns", other, len(repeated) / len(turns), first + 1)
        for number, part in parts.items():
            if number not in repeated:
                part.keep(key * _ENTRIES + number)
        return None

    def _alike(self, part: _Part, *, whole: bool) -> Iterator[tuple[int, float]]:
        """The keys of its candidates that are as similar as duplicates are, and how similar."""
        for key, number in (divmod(entry, _ENTRIES) for entry in part.candidates()):
            if (number == _WHOLE) == whole:
                turns = self._fetch(key)
                other = frozenset[str]().union(*turns) if whole else turns[number]
                if (similarity := jaccard(part.shingles, other)) >= self.least_similarity:
                    yield key, similarity
