"""Krippendorff's alpha against published and hand-computed values."""

import numpy as np
import pytest

from crowdglot.datasets.browse.agreement import agreements, alpha, decided, interval
from tests.datasets.browse.test_ratings import rating

# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section D: four observers,
# twelve units, five values.
OBSERVERS = (
    "1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 .",
)  # fmt: skip


def counts(*observers):
    units = zip(*(line.split() for line in observers), strict=True)
    made = np.array([[unit.count(str(value)) for value in range(1, 6)] for unit in units], float)
    return made[made.sum(axis=1) > 1]


def test_the_published_example():
    assert alpha(counts(*OBSERVERS), "nominal") == pytest.approx(0.743, abs=5e-4)
    assert alpha(counts(*OBSERVERS), "ordinal") == pytest.approx(0.815, abs=5e-4)


def test_two_observers():
    # Section B of the same: coincidences 10, 4, 4, 2, so that alpha is 1 - 19 * 4 / (14 * 6).
    told = counts("1 2 1 1 1 1 1 1 2 1", "2 2 2 1 1 2 1 1 1 1")
    assert alpha(told, "nominal") == pytest.approx(1 - 19 * 4 / (14 * 6))
    assert alpha(told, "ordinal") == pytest.approx(0.095, abs=5e-4)


def test_agreement_beyond_and_below_chance():
    assert alpha(counts("1 2 3 4 5", "1 2 3 4 5"), "ordinal") == 1
    assert alpha(counts("1 2 1 2", "2 1 2 1"), "nominal") < 0
    assert alpha(counts("3 3 3", "3 3 3"), "ordinal") is None
    near, far = counts("1 2 3 4 5 1", "1 2 3 4 5 2"), counts("1 2 3 4 5 1", "1 2 3 4 5 5")
    assert alpha(near, "ordinal") > alpha(far, "ordinal")
    assert alpha(near, "nominal") == pytest.approx(alpha(far, "nominal"), abs=0.05)


def test_the_interval_holds_the_value_and_shrinks():
    few = counts(*OBSERVERS)
    low, high = interval(few, "ordinal")
    assert low < alpha(few, "ordinal") < high <= 1
    many = interval(np.concatenate([few] * 8), "ordinal")
    assert many[1] - many[0] < high - low
    assert interval(few[:7], "ordinal") == (None, None)


def test_ratings_become_agreements_by_language():
    told = [rating(who, n, fluency=1 + (n + late) % 5, decision="accept" if n % 3 else "reject")
            for late, who in enumerate("ab") for n in range(10)]  # fmt: skip
    told += [rating("a", 99, language="de", fluency=2), rating("b", 98, language="de", fluency=2)]
    found = {(one.language, one.question): one for one in agreements(told)}
    assert {*found} == {("fr", "fluency"), ("fr", "decision")}
    assert found["fr", "decision"].alpha == 1
    assert (found["fr", "fluency"].dialogues, found["fr", "fluency"].raters) == (10, 2)
    assert found["fr", "fluency"].level == "ordinal"


def test_most_raters_decide():
    told = [rating("a", 1), rating("b", 1, decision="reject"), rating("c", 1)]
    told += [
        rating("a", 2),
        rating("b", 2, decision="reject"),
        rating("a", 3, decision="", fluency=2),
    ]
    assert [*decided(told).values()] == [True]
