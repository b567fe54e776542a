"""Where texts lie in the space of meaning: vectors with their language's mean taken off."""

from collections.abc import Sequence

import numpy as np

from crowdglot.engines.embedding.embedder import Vectors
from crowdglot.engines.embedding.means import language_means, without
from crowdglot.engines.embedding.remembered import bundled_meaning
from crowdglot.errors import EngineError
from crowdglot.languages.language import Language, resolve_language


def placed(texts: Sequence[str], language: Language) -> Vectors | None:
    """One row of length 1 for each of ``texts``, comparable across languages.

    None where no model is at hand, where it fails, or where the means are those of another model.
    """
    return _less(texts, language_means().of(language))


def placed_english(texts: Sequence[str]) -> Vectors | None:
    """``placed`` for texts of ours: personas, premises, demonstrations."""
    return placed(texts, resolve_language("en"))


def placed_premise(premise: str, names: Sequence[str]) -> Vectors | None:
    """The one row of a premise; its speakers are called A, B, …, for their names mean nothing."""
    for letter, name in zip("ABCD", names, strict=False):
        premise = premise.replace(name, letter)
    found = _less([premise], language_means().of_premises)
    return None if found is None else found[0]


def _less(texts: Sequence[str], mean: Vectors) -> Vectors | None:
    meaning = bundled_meaning()
    if meaning is None or meaning.model != language_means().model or not texts:
        return None
    try:
        return without(meaning(texts), mean)
    except EngineError:
        return None


def letters(text: str) -> int:
    """How many characters other than blanks ``text`` has."""
    return len(text) - text.count(" ")


def alike(vectors: Vectors) -> Vectors:
    """The cosine of every two rows."""
    return np.asarray(vectors @ vectors.T)
