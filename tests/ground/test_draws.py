"""Counter-based draws."""

from collections import Counter

from crowdglot.draws import Draws


def test_same_path_same_draws():
    assert [Draws(7, "a", 3).word() for _ in range(2)] == [Draws(7, "a", 3).word()] * 2
    assert Draws(7, "a", 3).word() != Draws(7, "a", 4).word()
    # 1 and "1" are different names, and so are ("ab", "c") and ("a", "bc").
    assert Draws(1).word() != Draws("1").word()
    assert Draws("ab", "c").word() != Draws("a", "bc").word()


def test_known_value_guards_every_dataset_ever_planned():
    assert Draws(7, "scenario", 0).word() == 4637263547611734590


def test_below_is_in_range_and_uniform():
    draws = Draws("uniform")
    counts = Counter(draws.below(6) for _ in range(6000))
    assert set(counts) == set(range(6))
    # Six standard deviations of a binomial with p = 1/6.
    assert all(abs(count - 1000) < 6 * 29 for count in counts.values())


def test_shuffled_keeps_everything():
    draws = Draws("shuffle")
    assert sorted(draws.shuffled(range(50))) == list(range(50))
