"""Engines: a language model behind ``await engine.complete(request)``.

One module each; its name is its key in the recipe. Nothing heavy is imported before it is chosen.
"""

from collections.abc import Sequence
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


def build_engine(
    kind: str,
    *,
    model: str,
    base_url: str = "",
    concurrency: int | None = None,
    api_key: str | None = None,
    context: int = 4096,
    time_out: float = 300.0,
    devices: Sequence[str] = (),
    dtype: str = "",
    quantisation: str = "",
) -> Engine:
    """The engine ``kind``, not yet entered; raises ConfigurationError.

    ``concurrency`` None: the engine's own default. ``api_key``: from the environment or a secret
    store, never from a recipe. ``context``: tokens of prompt and answer together (engines that
    load the model themselves). ``time_out``: seconds for one answer (engines that ask a server).
    ``devices``, ``dtype``, ``quantisation``: where and how weights are held (see EngineSettings).
    """
    if kind not in ENGINES:
        raise ConfigurationError(
            f"engine.kind '{kind}' is unknown; choose one of {', '.join(ENGINES)}."
        )
    module, name = ENGINES[kind].split(":")
    settings = EngineSettings(
        model=model,
        base_url=base_url,
        concurrency=concurrency or 0,
        api_key=api_key,
        context=context,
        time_out=time_out,
        devices=tuple(devices),
        dtype=dtype,
        quantisation=quantisation,
    )
    return cast(Engine, getattr(import_module(module), name).from_settings(settings))
