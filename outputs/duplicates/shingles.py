"""Shingles: the overlapping pieces by which two texts are compared, as fits their script."""

from itertools import pairwise
from unicodedata import normalize

import regex

# Marks belong to their letters: without them the scripts of India would fall into pieces.
_OF_A_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]")
# Characters of a shingle where blanks do not part words, or part long groups of them: about as
# much as two words. The others are cut into words.
_CHARACTERS = {
    "Hans": 4, "Hant": 4, "Jpan": 4, "Kore": 4, "Bopo": 4,
    "Thai": 7, "Laoo": 7, "Khmr": 7, "Mymr": 7, "Tibt": 7,
}  # fmt: skip


def shingles(text: str, script: str) -> frozenset[str]:
    """Pairs of words, or runs of characters in scripts (ISO 15924) that do not part words.

    Case, width (NFKC) and punctuation are no difference. A text that is shorter than one shingle
    is one itself; a text without letters or digits has none.
    """
    words = normalize("NFKC", text).casefold().translate(_WORDS_ALONE).split()
    if length := _CHARACTERS.get(script):
        run = "".join(words)
        if len(run) > length:
            return frozenset([run[at : at + length] for at in range(len(run) - length + 1)])
        words = [run] if run else []
    return frozenset(map(" ".join, pairwise(words))) if len(words) > 1 else frozenset(words)


class _WordsAlone(dict[int, str]):
    """For ``str.translate``: blanks for what is of no word; learns as it is asked."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = character if _OF_A_WORD.match(character) else " "
        return self[code]


_WORDS_ALONE = _WordsAlone()


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared shingles over all shingles of both; 0 where there are none."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0
