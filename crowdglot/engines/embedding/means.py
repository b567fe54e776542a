"""What all texts of a language have in common in an embedding model's space, to be taken off.

Unrelated texts of one language lie nearer to one another (cosine 0.80 to 0.86 by
multilingual-e5-small) than their meaning says; with their language's mean taken off, they lie
around 0. ``language_means.npz`` is written by ``benchmarks/make_means.py``, which names
its sources.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crowdglot.engines.embedding.embedder import Vectors
from crowdglot.languages.language import Language

FILE = Path(__file__).parent / "language_means.npz"
# The name of the mean of premises, which tell of talk instead of being it.
PREMISE = "premise"


@dataclass(frozen=True, slots=True)
class LanguageMeans:
    """``model``: whose vectors these are. ``means``: one a tag, and "" for any other language."""

    model: str
    means: dict[str, NDArray[np.float64]]

    def of(self, language: Language) -> NDArray[np.float64]:
        """The mean of a language: of its tag, else of its code, else that of all languages."""
        for name in (language.tag, language.code):
            if name in self.means:
                return self.means[name]
        return self.means[""]

    @property
    def of_premises(self) -> NDArray[np.float64]:
        """What all premises have in common."""
        return self.means[PREMISE]


def without(vectors: Vectors, mean: Vectors) -> Vectors:
    """``vectors`` less ``mean``, each of length 1 again."""
    moved = vectors - mean
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    return np.asarray(moved / np.maximum(lengths, 1e-9))


@cache
def language_means() -> LanguageMeans:
    """Those of the bundled model."""
    with np.load(FILE, allow_pickle=False) as told:
        rows = told["means"].astype(np.float64)
        tags = [str(tag) for tag in told["tags"]]
        return LanguageMeans(str(told["model"]), dict(zip(tags, rows, strict=True)))
