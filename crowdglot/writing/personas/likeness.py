"""Which sentences of personas say the same, and which answer the same question.

Sentences are rows of length 1 of which a large cosine means likeness: by meaning, where a model is
at hand (see ``critics.meaning.space``), or by the words that they share.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from crowdglot.languages.folding import fold
from crowdglot.personas.normalise import ENGLISH_WORDS

Rows = NDArray[np.floating[Any]]
_WIDTH = 2048  # two of some hundred words seldom share a column
# Words that stand in most sentences about oneself, whatever they say, and what such a word counts.
_SMALL = ENGLISH_WORDS | frozenset(
    "always as at been cannot every has have m me never no not on ve was we with".split()
)
_COMMON = 0.3
MOST_ALIKE = 8  # sentences of one cluster


@dataclass(frozen=True, slots=True)
class Likeness:
    """``by``: "meaning" or "words". ``place``: sentences to rows. ``same``: the cosine from which
    two say the same; ``kin``: from which they may answer one question."""

    by: str
    place: Callable[[Sequence[str]], Rows]
    same: float
    kin: float


def word_rows(sentences: Sequence[str]) -> Rows:
    """One row a sentence, by its words; the row of one sentence depends on that sentence alone."""
    rows = np.zeros((len(sentences), _WIDTH), np.float32)
    for row, text in zip(rows, fold(sentences), strict=True):
        for word in text.split():
            row[crc32(word.encode()) % _WIDTH] = _COMMON if word in _SMALL else 1.0
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


BY_WORDS = Likeness("words", word_rows, same=0.6, kin=0.3)


def clusters(rows: Rows, kin: float) -> list[list[int]]:
    """The numbers of sentences that belong together, each once, the largest cluster first.

    The sentence with most kin among those left takes its nearest, at most ``MOST_ALIKE`` in all;
    it stands first.
    """
    alike = rows @ rows.T
    np.fill_diagonal(alike, 1.0)
    near, left = alike >= kin, np.ones(len(rows), bool)
    found = []
    while left.any():
        kinship = (near & left).sum(1) * left
        centre = int(kinship.argmax())
        own = np.flatnonzero(near[centre] & left)
        own = own[np.argsort(-alike[centre][own], kind="stable")][:MOST_ALIKE]
        own = np.array([centre, *own[own != centre]])[:MOST_ALIKE]
        left[own] = False
        found.append([int(at) for at in own])
    return sorted(found, key=lambda cluster: -len(cluster))


class Known:
    """The sentences that are there already, and what a new one says again."""

    def __init__(self, likeness: Likeness, sentences: Sequence[str]) -> None:
        self._likeness = likeness
        self._sentences = list(sentences)
        self._rows = likeness.place(sentences) if sentences else None
        self._new: list[Rows] = []

    def said_before(self, sentence: str) -> str:
        """The sentence that says the same; "" where none does, and then this one is known too."""
        row = self._likeness.place([sentence])[0]
        known = [rows for rows in (self._rows, np.array(self._new)) if rows is not None]
        alike = np.concatenate([rows @ row for rows in known if len(rows)] or [np.zeros(0)])
        if len(alike) and alike[nearest := int(alike.argmax())] >= self._likeness.same:
            return self._sentences[nearest]
        self._new.append(row)
        self._sentences.append(sentence)
        return ""
