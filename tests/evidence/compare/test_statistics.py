"""Effect sizes, the correction and the tests, on numbers that are known."""

from types import SimpleNamespace

import numpy as np
import pytest

from crowdglot.evidence.compare.arms import Arm
from crowdglot.evidence.compare.comparing import _told
from crowdglot.evidence.compare.preference import sign_test
from crowdglot.evidence.compare.statistics import (
    Design,
    cliffs_delta,
    measured,
    over,
    rank_biserial,
)
from crowdglot.statistics import holm, wilson


def mean(values):
    return lambda chosen: float(values[chosen].mean())


def difference(one, other, pairs, halves=False):
    design = Design(len(one), len(other), pairs, (0, "xx"))
    of = mean(np.array([*one, *other], float))
    return over([measured(of, design, as_halves=halves, times=300)])


def test_effect_sizes():
    assert cliffs_delta(np.array([1.0, 2, 3]), np.array([4.0, 5, 6])) == 1
    assert cliffs_delta(np.array([1.0, 2]), np.array([1.0, 2])) == 0
    assert cliffs_delta(np.array([1.0, 2, 2, 5]), np.array([0.0, 2])) == -4 / 8
    assert rank_biserial(np.array([1.0, 2, 3])) == 1
    # Ranks 1, 2.5, 2.5, 4, of which 2.5 is below 0; a difference of 0 has no rank.
    assert rank_biserial(np.array([1.0, -2, 2, 3, 0])) == pytest.approx((10 - 2 * 2.5) / 10)
    assert rank_biserial(np.array([0.0, 0])) == 0


def test_holm_is_stepwise_and_counts_what_was_tested():
    assert holm([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.06, 0.06], nan_ok=True)
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_pairs_are_told_apart_where_strangers_are_not():
    base = np.linspace(0, 100, 24)
    shifted = base + 1 + np.tile([0.2, -0.2], 12)
    pairs, strangers = (difference(base, shifted, both) for both in (True, False))
    assert pairs.p < 1e-3 < 0.5 < strangers.p
    assert pairs.low < 1 < pairs.high and pairs.high - pairs.low < 0.5
    assert strangers.low < 0 < strangers.high
    assert pairs.effects["d_z"] == pytest.approx(1 / np.std(shifted - base, ddof=1))
    assert pairs.effects["rank_biserial"] == 1 and "cliffs_delta" in strangers.effects


def test_few_dialogues_have_no_interval_and_no_test():
    found = difference([1, 2, 3], [4, 5, 6], pairs=True)
    assert (found.difference, found.low, found.high, found.p) == (3, None, None, None)


def test_p_is_never_below_what_so_few_pairs_allow():
    found = difference([0] * 8, [1] * 8, pairs=True)
    assert found.p == pytest.approx(2 / 2**8, rel=1)
    assert difference([0] * 8, [0] * 8, pairs=True).p == 1


def test_strata_count_alike():
    strata = []
    for size, gap in ((8, 1.0), (80, 3.0)):
        values = np.concatenate([np.zeros(size), np.full(size, gap)])
        design = Design(size, size, False, (0, size))
        strata.append(measured(mean(values), design, as_halves=True, times=100))
    assert over(strata).difference == pytest.approx(2.0)


def test_shares():
    low, high = wilson(8, 10)
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=1e-3)
    funnel = SimpleNamespace(
        accepted=3, drafts=7, acceptance_rate=3 / 7, prompt_tokens=1, completion_tokens=1
    )
    few = _told(Arm("a", "a", {}, lambda tag, numbers: [], funnel))
    assert (few["acceptance_rate"], few["low"], few["high"]) == (3 / 7, None, None)
    assert sign_test(9, 1) == pytest.approx(2 * 11 / 1024)
    assert sign_test(0, 0) == 1 and sign_test(5, 5) == 1
