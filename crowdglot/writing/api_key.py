"""Where an API key comes from: the environment, or Prefect's store of secrets. Never a recipe."""

import os
from typing import Any

from crowdglot.engines.settings import EngineSettings
from crowdglot.errors import ConfigurationError


async def find_api_key(settings: EngineSettings) -> str | None:
    """The key of the engine, None where there is none; ConfigurationError where a block is named
    that cannot be had."""
    if not settings.api_key_block:
        return os.environ.get(settings.api_key_env) or None
    from prefect.blocks.system import Secret

    try:
        block: Any = await Secret.aload(settings.api_key_block)
    except ValueError:
        raise ConfigurationError(
            f"engine.api_key_block: Prefect has no Secret block '{settings.api_key_block}'; make "
            "one, or leave the key out to use the environment."
        ) from None
    return str(block.get())
