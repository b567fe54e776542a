"""The embedding model that a recipe names, for what is measured by meaning."""

import os
from collections.abc import Callable, Sequence
from functools import partial

from crowdglot.engines.embedding.embedder import Meanings, build_embedder, embed
from crowdglot.engines.settings import EngineSettings as Settings
from crowdglot.writing.recipe import EmbeddingSettings


def embedder(settings: EmbeddingSettings) -> Callable[[Sequence[str]], Meanings] | None:
    """What gives the vectors of texts; None where no model is named.

    ConfigurationError where the settings are wrong; whether the model is there, shows when asked.
    """
    if not settings.kind:
        return None
    asked = Settings(
        model=settings.model,
        base_url=settings.base_url,
        api_key=os.environ.get(settings.api_key_env) or None,
        context=settings.context,
        time_out=settings.time_out,
    )
    build_embedder(settings.kind, asked)
    return partial(embed, settings.kind, asked)
