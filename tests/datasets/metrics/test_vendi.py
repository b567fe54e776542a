"""The Vendi score: against its definition, and only where there are vectors."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.diversity import measure as measure_all
from crowdglot.datasets.metrics.vendi import measure, score
from crowdglot.engines.embedding.embedder import Meanings
from tests.datasets.metrics.test_diversity import row


def unit(rows):
    rows = np.asarray(rows, float)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_ends_of_the_scale():
    assert score(np.eye(5)) == pytest.approx(5)
    assert score(unit(np.ones((7, 3)))) == pytest.approx(1)
    # Two meanings, each as often: two.
    assert score(np.repeat(np.eye(2), 4, axis=0)) == pytest.approx(2)
    assert score(np.empty((0, 3))) is None


@pytest.mark.parametrize("shape", [(6, 20), (20, 6)])
def test_it_is_the_entropy_of_the_kernel_either_way(shape):
    vectors = unit(np.random.default_rng(2).normal(size=shape))
    shares = np.linalg.eigvalsh(vectors @ vectors.T / len(vectors)).clip(1e-15)
    assert score(vectors) == pytest.approx(np.exp(-np.sum(shares * np.log(shares))))


def test_without_vectors_there_is_no_figure():
    corpus = Corpus.build([["un"], ["deux"]], "icu")
    assert list(measure(corpus)) == []
    (reading,) = measure(replace(corpus, meanings=Meanings("m", np.eye(2))))
    assert (reading.metric, reading.of(np.arange(2))) == ("vendi", pytest.approx(2))


def test_every_text_gets_its_own_vector_and_all_are_asked_for_at_once():
    said = {"fr": ["un", "deux", "un", "trois"], "es": ["uno", "uno", "uno", "uno"]}
    rows = [
        row(0, tag, turns=[text]) | {"personas": [{"id": "p"}]}
        for tag, texts in said.items()
        for text in texts
    ]
    human = {"fr": [["a"], ["b"], ["c"], ["d"]]}
    asked = []

    def embed(texts):
        asked.append(list(texts))
        names = sorted(set(texts))
        return Meanings("m", np.eye(len(names))[[names.index(text) for text in texts]])

    figures = measure_all(pl.DataFrame(rows), seed=0, subsample=9, reference=human, embed=embed)
    vendi = {(f.language, f.group): f for f in figures if f.metric == "vendi"}
    assert len(asked) == 1
    assert {key: round(f.value, 6) for key, f in vendi.items()} == {
        # Of four dialogues two are the same: the entropy of 1/2, 1/4 and 1/4.
        ("fr", "all"): round(float(np.exp(0.5 * np.log(2) + 0.5 * np.log(4))), 6),
        ("fr", "human"): 4.0,
        ("es", "all"): 1.0,
    }
    assert "vendi|tok:none|model:m|kernel:cosine|subsample:4" in vendi["fr", "all"].signature
