"""Embedding models: texts in, vectors out, for what is measured by meaning.

One module each; its name is its key in the recipe. Vectors are measured, never written to rows, so
that an embedder has no seed and no schema: it is asked for all texts and gives all vectors.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, Self, cast

import numpy as np
from numpy.typing import NDArray

from crowdglot.engines.settings import EmbeddingSettings
from crowdglot.errors import EngineError

# The table of the recipe whose keys errors name.
SECTION = "embedding"
EMBEDDERS = {
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
    """``model``: its name, known once it is entered; it stands in the signature of a metric."""

    model: str

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """One row for each of ``texts``, at least one; raises EngineError."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *error: object) -> None: ...


def build_embedder(settings: EmbeddingSettings) -> Embedder:
    """The embedder of ``settings``, whose kind is not "", and not yet entered.

    Raises ConfigurationError where it misses a setting.
    """
    module, name = EMBEDDERS[settings.kind].split(":")
    return cast(Embedder, getattr(import_module(module), name)(settings))


def embed(settings: EmbeddingSettings, texts: Sequence[str]) -> Meanings:
    """The vectors of ``texts``, from callers outside of any event loop; raises EngineError."""

    async def ask() -> Meanings:
        async with build_embedder(settings) as embedder:
            vectors = await embedder.embed(texts)
            return Meanings(embedder.model, vectors)

    return asyncio.run(ask())


def as_vectors(rows: Sequence[object], count: int, whose: str) -> Vectors:
    """Lists of numbers as one array of ``count`` rows, each of length 1; EngineError if they are
    not that, or hold nothing but zeros."""
    try:
        vectors = np.array(rows, np.float64)
    except (TypeError, ValueError):
        vectors = np.empty(0)
    if vectors.shape[:1] != (count,) or vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise EngineError(
            f"{whose}: gives no vectors, or not one of the same length for each text."
        )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not lengths.all():
        raise EngineError(f"{whose}: gives vectors of zeros; it is no embedding model.")
    return np.asarray(vectors / lengths)
