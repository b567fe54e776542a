"""Embedding models: texts in, vectors out, for what is measured by meaning.

One module each; its name is its key in the recipe. No vector is ever written to a row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from crowdglot.engines.settings import EmbeddingSettings
from crowdglot.errors import EngineError

# The table of the recipe whose keys errors name.
SECTION = "embedding"
EMBEDDERS = {
    "bundled": "crowdglot.engines.embedding.bundled:BundledVectors",
    "embedded": "crowdglot.engines.embedding.embedded:EmbeddedVectors",
    "openai": "crowdglot.engines.embedding.openai:OpenAIVectors",
}
# How much of a text is read: more than any dialogue that passes the critics has.
MOST_CHARACTERS = 8_000

Vectors = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Meanings:
    """What the model ``model`` makes of texts: one row of ``vectors`` a text, each of length 1."""

    model: str
    vectors: Vectors


class Embedder(Protocol):
    """``model``: its name, known once it was asked; it stands in the signature of a metric."""

    model: str

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row for each of ``texts``, at least one; loads the model or opens the connections,
        outside of any event loop; raises EngineError."""
        ...


def build_embedder(settings: EmbeddingSettings) -> Embedder:
    """The embedder of ``settings``, whose kind is not ""; ConfigurationError if a setting lacks."""
    module, name = EMBEDDERS[settings.kind].split(":")
    return cast(Embedder, getattr(import_module(module), name)(settings))


def embed(settings: EmbeddingSettings, texts: Sequence[str]) -> Meanings:
    """The vectors of ``texts``; see ``Embedder``."""
    embedder = build_embedder(settings)
    vectors = embedder.embed(texts)
    return Meanings(embedder.model, vectors)


def as_vectors(rows: Sequence[object], count: int, whose: str) -> Vectors:
    """Lists of numbers as one array of ``count`` rows, each of length 1; EngineError if they are
    not that, or hold nothing but zeros."""
    try:
        vectors = np.array(rows, np.float64)
    except (TypeError, ValueError, OverflowError):
        vectors = np.empty(0)
    if vectors.shape[:1] != (count,) or vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise EngineError(
            f"{whose}: gives no vectors, or not one of the same length for each text."
        )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not lengths.all():
        raise EngineError(f"{whose}: gives vectors of zeros; it is no embedding model.")
    return np.asarray(vectors / lengths)
