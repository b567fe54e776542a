"""Engines: a language model behind ``await engine.complete(request)``.

One module or folder each; its name is its key in the recipe. Nothing heavy is imported before it is
chosen.
"""

from importlib import import_module
from typing import cast

from crowdglot.engines.engine import Engine
from crowdglot.engines.settings import EngineSettings
from crowdglot.errors import ConfigurationError

ENGINES = {
    "embedded": "crowdglot.engines.embedded:Embedded",
    "openai": "crowdglot.engines.openai.engine:OpenAI",
    "scripted": "crowdglot.engines.scripted:Scripted",
    "transformers": "crowdglot.engines.transformers.engine:Transformers",
}


def build_engine(settings: EngineSettings, api_key: str | None = None) -> Engine:
    """The engine that ``settings`` describe, not yet entered; raises ConfigurationError.

    ``api_key``: from the environment or a store of secrets, never from a recipe.
    """
    if settings.kind not in ENGINES:
        raise ConfigurationError(
            f"engine.kind '{settings.kind}' is unknown; choose one of {', '.join(ENGINES)}."
        )
    module, name = ENGINES[settings.kind].split(":")
    return cast(Engine, getattr(import_module(module), name)(settings, api_key))
