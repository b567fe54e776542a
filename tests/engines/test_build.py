"""The settings of an engine, and choosing one by its name."""

import asyncio
import subprocess
import sys
from dataclasses import replace

import pytest
from pydantic import ValidationError

from crowdglot.engines import ENGINES, build_engine
from crowdglot.engines.settings import EmbeddingSettings, EngineSettings
from crowdglot.errors import ConfigurationError, RequestRefused
from crowdglot.strict_toml import is_marked
from tests.engines.questions import question

_HEAVY = ("xllamacpp", "aiohttp", "huggingface_hub", "transformers", "torch")
_URL = "http://localhost:1/v1"


@pytest.mark.parametrize("kind", ENGINES)
def test_each_name_builds_its_engine(kind: str) -> None:
    settings = EngineSettings(kind=kind, model="m", base_url=_URL, concurrency=3)
    engine = build_engine(settings, "key")
    assert (engine.kind, engine.model, engine.concurrency) == (kind, "m", 3)
    assert ENGINES[kind].startswith(f"crowdglot.engines.{kind}")


def test_what_cannot_be_built() -> None:
    with pytest.raises(ConfigurationError, match=r"engine\.kind 'gpt' is unknown; .*embedded"):
        build_engine(EngineSettings(kind="gpt"))
    with pytest.raises(ConfigurationError, match=r"engine\.base_url is missing"):
        build_engine(EngineSettings(kind="openai"))


@pytest.mark.parametrize(
    ("kind", "calls"), [("embedded", 1), ("scripted", 1), ("openai", 16), ("transformers", 16)]
)
def test_calls_at_a_time(kind: str, calls: int) -> None:
    assert EngineSettings(kind=kind).calls == calls
    assert EngineSettings(kind=kind, concurrency=5).calls == 5
    assert build_engine(EngineSettings(kind=kind, base_url=_URL)).concurrency == calls


@pytest.mark.parametrize(
    "wrong",
    [
        {"concurrency": -1},
        {"context": 255},
        {"dtype": "int3"},
        {"quantisation": "2bit"},
        {"time_out": 0},
        {"modell": "m"},
    ],
)
def test_what_no_engine_takes(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        EngineSettings.model_validate(wrong)


def test_llama_cpp_tells_at_once_that_it_reads_no_text() -> None:
    asked = replace(question(), scored=True)
    with pytest.raises(RequestRefused, match="does not tell how likely a text is"):
        asyncio.run(build_engine(EngineSettings()).complete(asked))


def test_rows_depend_on_some_keys_only() -> None:
    fields = EngineSettings.model_fields
    bound = {name for name, field in fields.items() if not is_marked(field, "free")}
    assert bound == {"kind", "model", "context", "dtype", "quantisation"}
    assert all(is_marked(field, "free") for field in EmbeddingSettings.model_fields.values())


def test_several_addresses_may_be_a_list() -> None:
    settings = EngineSettings.model_validate({"base_url": [_URL, "http://b/v1*2"]})
    assert settings.base_url == f"{_URL} http://b/v1*2"


def test_nothing_heavy_is_imported_before_it_is_chosen() -> None:
    code = f"import sys, crowdglot.engines; print([m for m in {_HEAVY} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
