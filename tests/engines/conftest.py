"""Engines to test: embedded and served by llama.cpp's own server, both small and real; a script;
transformers with a tiny model of random weights, where torch is installed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crowdglot.engines import build_engine
from crowdglot.engines.engine import Engine
from crowdglot.engines.llama import kept_signals, load_library
from crowdglot.engines.scripted import Scripted
from crowdglot.engines.settings import EngineSettings
from crowdglot.engines.weights.resolving import named_weights, resolve_weights
from crowdglot.engines.weights.wheels import find_parts
from crowdglot.errors import EngineError
from tests.engines.tiny_model import need_transformers, save_tiny_model

SMALL = "smollm2-135m-instruct"


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest real model; the tests that need it are left out where its wheel is missing."""
    wheels = named_weights()[SMALL].wheels
    if find_parts(wheels)[1]:
        pytest.skip(f"the wheel {wheels.wanted()} is not installed")
    try:
        return resolve_weights(SMALL, tmp_path_factory.mktemp("weights")).path
    except EngineError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def llama_server(small_model: Path) -> Iterator[str]:
    """llama.cpp's HTTP server on loopback; the base URL."""
    with kept_signals():
        library = load_library()
        settings = library.CommonParams()
        settings.model.path = str(small_model)
        settings.model_alias = [SMALL]
        settings.n_parallel = 2
        settings.n_ctx = 2 * 2048
        settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = 2
        settings.cache_ram_mib = 0
        settings.verbosity = -1
        settings.port = 0
        server = library.Server(settings)
    yield f"{server.listening_address}/v1"
    del server


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny model of random weights; its tests are left out without torch."""
    need_transformers()
    return save_tiny_model(tmp_path_factory.mktemp("tiny") / "tiny-chat")


MakeEngine = Callable[[int], Engine]


@pytest.fixture(params=["embedded", "openai", "scripted", "transformers"])
def make_engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> MakeEngine:
    """A function of the concurrency that builds the engine under test, not yet entered."""
    kind = request.param
    told: dict[str, object] = {"kind": kind, "context": 2048}
    if kind == "scripted":
        monkeypatch.setattr(Scripted, "latency", 0.02)
    elif kind == "openai":
        told["base_url"] = request.getfixturevalue("llama_server")
    else:
        fixture = "small_model" if kind == "embedded" else "tiny_model"
        told |= {"model": str(request.getfixturevalue(fixture)), "devices": ("cpu",)}
    return lambda concurrency: build_engine(
        EngineSettings.model_validate(told | {"concurrency": concurrency})
    )
