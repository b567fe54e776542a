"""Distances of sets: known values, equal sizes, and a baseline that is people's own."""

import numpy as np
import pytest

from crowdglot.engines.embedding.embedder import Meanings
from crowdglot.evidence.resemble.distance import density_and_coverage, frechet, measure_distances


def test_frechet_of_known_sets():
    one = np.random.default_rng(0).normal(size=(50, 4))
    assert frechet(one, one) == pytest.approx(0, abs=1e-9)
    assert frechet(one, one + np.array([3, 0, 0, 0])) == pytest.approx(9)
    # Twice as wide: the sum over axes of (2s - s)^2.
    assert frechet(one, 2 * (one - one.mean(axis=0)) + one.mean(axis=0)) == pytest.approx(
        float(one.var(axis=0, ddof=1).sum())
    )


def test_density_and_coverage_of_known_sets():
    people = np.random.default_rng(0).normal(size=(200, 3))
    far = density_and_coverage(people + 100, people)
    assert far == (0.0, 0.0)
    alike = density_and_coverage(np.random.default_rng(1).normal(size=(200, 3)), people)
    assert alike == pytest.approx((1.0, 0.97), abs=0.15)
    narrow = density_and_coverage(np.repeat(people[:1], 200, axis=0), people)
    assert narrow[1] < 0.1


def test_ours_beside_halves_of_people():
    rng = np.random.default_rng(0)
    places = {f"t{n}": rng.normal(size=8) for n in range(90)}
    places |= {f"far{n}": rng.normal(size=8) + 2 for n in range(40)}

    def embed(texts):
        return Meanings("by number", np.array([places[text] for text in texts]))

    people = [f"t{n}" for n in range(60)]
    same = measure_distances([f"t{n}" for n in range(60, 90)], people, embed)
    assert same.size == 30
    far = measure_distances([f"far{n}" for n in range(40)], people, embed)
    for alike, apart in zip(same.each, far.each, strict=True):
        assert alike.human == apart.human
        assert alike.ours[0] == pytest.approx(alike.human[0], rel=0.35)
    distance, _, coverage = far.each
    assert distance.ours[0] > 3 * distance.human[2]
    assert coverage.ours[0] < coverage.human[1]
