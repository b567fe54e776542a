"""Shingles: the overlapping pieces by which two texts are compared, according to their script."""

from collections.abc import Sequence
from itertools import pairwise

from crowdglot.languages.folding import fold

Shingles = frozenset[str]

# Characters of a shingle in scripts without blanks between words: about as much as two words. Texts
# in other scripts are cut into words.
_CHARACTERS = {
    "Hans": 4, "Hant": 4, "Jpan": 4, "Kore": 4, "Bopo": 4,
    "Thai": 7, "Laoo": 7, "Khmr": 7, "Mymr": 7, "Tibt": 7,
}  # fmt: skip


def shingles(texts: Sequence[str], script: str) -> list[Shingles]:
    """For each text its pairs of words, or runs of characters in scripts (ISO 15924) that do not
    part words.

    Case, width and punctuation are no difference. A text that is shorter than one shingle is one
    itself; a text without letters or digits has none.
    """
    folded = fold(texts)
    if length := _CHARACTERS.get(script):
        return [_runs(text.replace(" ", ""), length) for text in folded]
    return [_pairs(text.split(" ")) if text else frozenset() for text in folded]


def _runs(text: str, length: int) -> Shingles:
    if len(text) <= length:
        return frozenset([text] if text else ())
    return frozenset([text[at : at + length] for at in range(len(text) - length + 1)])


def _pairs(words: Sequence[str]) -> Shingles:
    return frozenset(map(" ".join, pairwise(words))) if len(words) > 1 else frozenset(words)


def jaccard(one: Shingles, other: Shingles) -> float:
    """Shared shingles over all shingles of both; 0 where there are none."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0
