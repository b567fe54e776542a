"""Vectors from a GGUF model in this process, through llama.cpp."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from crowdglot.engines.embedding.embedder import MOST_CHARACTERS, SECTION, Vectors, as_vectors
from crowdglot.engines.llama import load_library, open_server
from crowdglot.engines.settings import EmbeddingSettings
from crowdglot.engines.weights.resolving import resolve_weights
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

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder``."""
        self._load()
        try:
            return as_vectors([self._ask(text) for text in texts], len(texts), self.model)
        finally:
            self._server = None

    def _load(self) -> None:
        weights = resolve_weights(self.model, section=SECTION)
        self.model = weights.model
        # A text is pooled in one go, so that all of it must fit one batch.
        sizes = dict.fromkeys(("n_ctx", "n_batch", "n_ubatch"), self._context)
        opened = partial(
            open_server, weights.path, "for embeddings", embedding=True, n_parallel=1, **sizes
        )
        self._server = opened()
        # Most embedding models say how they are pooled. Where one does not, the mean is taken.
        if "ooling type" in str(self._server.handle_embeddings({"input": "a"}).get("error")):
            mean = load_library().llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
            self._server = opened(pooling_type=mean)

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
