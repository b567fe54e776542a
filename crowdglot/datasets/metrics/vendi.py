"""Vendi score (Friedman and Dieng 2023): how many wholly different dialogues the set amounts to.

The exponential of the entropy of the eigenvalues of K / n, where K holds the cosine likenesses of
n dialogues by their meaning: 1 where all mean the same, n where no two have anything in common.
"""

from collections.abc import Iterator

import numpy as np

from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Details, Reading
from crowdglot.engines.embedding.embedder import Vectors


def score(vectors: Vectors) -> float | None:
    """Of vectors of length 1, one a row; None where there is none."""
    count, width = vectors.shape
    if not count:
        return None
    # Both products have the same eigenvalues above zero: the smaller one is solved.
    kernel = vectors @ vectors.T if count <= width else vectors.T @ vectors
    shares = np.linalg.eigvalsh(kernel / count)
    shares = shares[shares > 1e-12]  # below is rounding
    return float(np.exp(-(shares * np.log(shares)).sum()))


def measure(corpus: Corpus) -> Iterator[Reading]:
    """vendi: needs vectors, that is, a recipe that names an embedding model."""
    meanings = corpus.meanings
    if meanings is not None and len(corpus) > 1:
        vectors = meanings.vectors
        details: Details = {"model": meanings.model, "kernel": "cosine", "tok": "none"}
        yield Reading("vendi", lambda chosen: score(vectors[chosen]), "higher", "halves", details)
