"""The API key: from the environment or from Prefect's secrets, and nowhere else."""

import asyncio

import pytest

from crowdglot.engines.settings import EngineSettings
from crowdglot.errors import ConfigurationError
from crowdglot.recipes import build_recipe
from crowdglot.writing.api_key import find_api_key

KEY = "sk-canary-81ab"


def find(**settings):
    return asyncio.run(find_api_key(EngineSettings(**settings)))


def test_from_the_environment(monkeypatch):
    monkeypatch.setenv("MINE", KEY)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert find(api_key_env="MINE") == KEY
    assert find() is None


def test_from_a_secret_block(monkeypatch):
    from prefect.blocks.system import Secret

    async def load(name):
        if name != "provider":
            raise ValueError(f"Unable to find block document named {name}")
        return Secret(value=KEY)

    monkeypatch.setattr(Secret, "aload", load)
    assert find(api_key_block="provider") == KEY
    with pytest.raises(ConfigurationError, match="no Secret block 'other'; make one"):
        find(api_key_block="other")


def test_not_from_a_recipe():
    table = {"name": "t", "languages": ["fr"], "dialogues_per_language": 1}
    with pytest.raises(ConfigurationError, match=r"'engine\.api_key' is not a known key"):
        build_recipe(table, [f"engine.api_key={KEY}"], "test")
