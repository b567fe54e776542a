"""Choosing an engine by its name."""

import subprocess
import sys

import pytest

from crowdglot.engines import ENGINES, build_engine
from crowdglot.errors import ConfigurationError

_HEAVY = ("xllamacpp", "aiohttp", "huggingface_hub", "transformers", "torch")


@pytest.mark.parametrize("kind", ENGINES)
def test_each_name_builds_its_engine(kind: str) -> None:
    engine = build_engine(kind, model="m", base_url="http://localhost:1/v1", concurrency=3)
    assert (engine.kind, engine.model, engine.concurrency) == (kind, "m", 3)
    assert ENGINES[kind].startswith(f"engines.{kind}:")
    assert build_engine(kind, model="", base_url="http://localhost:1/v1").concurrency >= 1


def test_what_cannot_be_built() -> None:
    with pytest.raises(ConfigurationError, match=r"engine\.kind 'gpt' is unknown; .*embedded"):
        build_engine("gpt", model="m")
    with pytest.raises(ConfigurationError, match=r"engine\.base_url is missing"):
        build_engine("openai", model="m")


def test_nothing_heavy_is_imported_before_it_is_chosen() -> None:
    code = f"import sys, engines; print([m for m in {_HEAVY} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
