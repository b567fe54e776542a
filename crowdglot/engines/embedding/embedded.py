"""Vectors from a GGUF model in this process, through llama.cpp."""

import asyncio
from collections.abc import Sequence
from typing import Any, Self

from crowdglot.engines.embedding.embedder import MOST_CHARACTERS, SECTION, Vectors, as_vectors
from crowdglot.engines.llama import load_library, model_settings
from crowdglot.engines.native_signals import kept_signals
from crowdglot.engines.settings import EmbeddingSettings
from crowdglot.engines.weights.resolving import Weights, resolve_weights
from crowdglot.errors import ConfigurationError, EngineError


class EmbeddedVectors:
    """``settings.model``: a name of weights.toml, a GGUF file, or "hf:org/name:file.gguf".

    Pooled as the model's file says. A text is cut to ``settings.context`` tokens.
    """

    def __init__(self, settings: EmbeddingSettings) -> None:
        if not settings.model:
            raise ConfigurationError(
                f"{SECTION}.model is missing; name a GGUF file of an embedding model."
            )
        self.model = settings.model
        self._context = settings.context
        self._server: Any = None

    async def __aenter__(self) -> Self:
        """Find the weights and load them; raises EngineError."""
        await asyncio.to_thread(self._load)
        return self

    async def __aexit__(self, *error: object) -> None:
        """Free the model."""
        self._server = None

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder``."""
        rows = await asyncio.to_thread(lambda: [self._ask(text) for text in texts])
        return as_vectors(rows, len(texts), self.model)

    def _load(self) -> None:
        weights = resolve_weights(self.model, section=SECTION)
        self.model = weights.model
        self._server = _open(weights, self._context)
        # Most embedding models say how they are pooled. Where one does not, the mean is taken.
        if "ooling type" in str(self._server.handle_embeddings({"input": "a"}).get("error")):
            self._server = _open(weights, self._context, mean=True)

    def _ask(self, text: str) -> object:
        """The vector of one text, cut by halves until it fits the context."""
        text = text[:MOST_CHARACTERS] or " "
        while True:
            answer = self._server.handle_embeddings({"input": text})
            if "data" in answer:
                return answer["data"][0]["embedding"]
            told = str(answer.get("error") or answer)[:300]
            if len(text) < 2 or ("too large" not in told and "exceed" not in told):
                raise EngineError(f"{self.model}: llama.cpp gives no vector: {told}.")
            text = text[: len(text) // 2]


def _open(weights: Weights, context: int, *, mean: bool = False) -> Any:
    with kept_signals():
        settings = model_settings(weights.path)
        settings.embedding = True
        if mean:
            settings.pooling_type = load_library().llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        # A text is pooled in one go, so that all of it must fit one batch.
        settings.n_ctx = settings.n_batch = settings.n_ubatch = context
        settings.n_parallel = 1
        try:
            return load_library().Server(settings)
        except RuntimeError:
            raise EngineError(
                f"{weights.path}: llama.cpp cannot load this model for embeddings; try another."
            ) from None
