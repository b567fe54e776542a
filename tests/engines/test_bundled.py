"""The bundled embedding model: the same vectors whatever stands beside a text, in any thread."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from crowdglot.engines.embedding import bundled, embedder
from crowdglot.engines.embedding.bundled import MODEL, WIDTH, bundled_rows, missing
from crowdglot.engines.embedding.remembered import Meaning, bundled_meaning
from crowdglot.engines.settings import EmbeddingSettings
from crowdglot.errors import ConfigurationError

TEXTS = ("Bonjour !", "Wie geht es dir heute?", "你今天好吗？", "", "a\0b", "\ud800", "x" * 20_000)
with_model = pytest.mark.skipif(bool(missing()), reason=missing() or "the model is here")


@with_model
def test_a_vector_depends_on_its_text_alone():
    together = bundled_rows(TEXTS)
    assert together.shape == (len(TEXTS), WIDTH) and np.allclose((together**2).sum(1), 1, atol=1e-5)
    assert (np.concatenate([bundled_rows([text]) for text in TEXTS]) == together).all()
    with ThreadPoolExecutor(4) as threads:
        assert all((rows == together).all() for rows in threads.map(bundled_rows, [TEXTS] * 4))


@with_model
def test_it_is_an_embedder_and_leaves_the_environment_alone():
    before = dict(os.environ)
    found = embedder.embed(EmbeddingSettings(kind="bundled"), TEXTS)
    assert found.model == MODEL and len(found.vectors) == len(TEXTS)
    assert dict(os.environ) == before


@with_model
def test_what_was_asked_before_is_remembered():
    asked = []
    meaning = Meaning("m", lambda texts: asked.append(list(texts)) or bundled_rows(texts), most=3)
    first = meaning(["a", "b", "a"])
    assert (first[0] == first[2]).all() and asked == [["a", "b"]]
    meaning(["b", "c", "d"])
    meaning(["a"])
    assert asked[1:] == [["c", "d"], ["a"]]


def test_a_machine_that_cannot_use_it_is_told_why(monkeypatch):
    monkeypatch.setattr(bundled, "missing", lambda: "this processor lacks avx2")
    with pytest.raises(ConfigurationError, match="lacks avx2"):
        embedder.build_embedder(EmbeddingSettings(kind="bundled"))


def test_flags_that_cannot_be_read_are_no_fault(monkeypatch):
    monkeypatch.setattr(bundled, "_processor_flags", frozenset)
    missing.cache_clear()
    assert "processor" not in missing()
    missing.cache_clear()
    bundled_meaning.cache_clear()
