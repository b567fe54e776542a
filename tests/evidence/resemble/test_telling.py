"""Two halves of one set are not told apart, planted differences are, and they are named."""

from dataclasses import replace

import numpy as np
import pytest

from crowdglot.errors import MaterialError
from crowdglot.evidence.resemble.comparing import Resemblance, compare_languages
from crowdglot.evidence.resemble.lengths import match_lengths
from crowdglot.evidence.resemble.logistic import fit
from crowdglot.evidence.resemble.phrases import find_phrases
from crowdglot.evidence.resemble.telling import interval
from crowdglot.evidence.resemble.tokens import GAP, Spoken, read_spoken
from crowdglot.evidence.sources import open_source
from tests.evidence.talks import Given, talk


def changed(talks, change):
    return [replace(one, turns=tuple(map(change, one.turns))) for one in talks]


def compared(ours, theirs):
    (made,) = compare_languages(Given(ours, "ours"), Given(theirs, "people"))
    assert isinstance(made, Resemblance)
    return made


def sides(tag, count=40, **more):
    return [talk(n, tag, **more) for n in range(count)], [talk(n + 1000, tag) for n in range(count)]


@pytest.mark.parametrize("tag", ["fr", "zh"])
def test_one_side_as_the_other(tag):
    made = compared(*sides(tag))
    assert abs(made.whole.value - 0.5) <= 0.05
    assert made.matched is not None
    assert abs(made.matched.value - 0.5) <= 0.05
    assert made.whole.low < 0.5 < made.whole.high
    assert not made.giveaways


@pytest.mark.parametrize("tag", ["fr", "ar", "zh"])
def test_exclamation_marks_are_found_and_named(tag):
    ours, theirs = sides(tag)
    made = compared(changed(ours, lambda text: text.rstrip("。.؟？ ?") + "!"), theirs)
    assert made.whole.low > 0.8
    assert made.matched is not None
    assert made.matched.value > 0.95
    assert "ends a turn with an exclamation mark: 100% of ours, 0% of theirs" in [
        one.told for one in made.giveaways
    ]


@pytest.mark.parametrize("tag", ["fr", "zh"])
def test_names_at_the_head_of_turns_are_found_and_named(tag):
    ours, theirs = sides(tag)
    ours = [
        replace(one, turns=tuple(f"{name}, {text}" for text in one.turns))
        for one, name in zip(ours, ["Camille", "Hugo", "Zoé", "Inès"] * 10, strict=True)
    ]
    made = compared(ours, theirs)
    assert made.whole.value > 0.95
    named = {one.feature.words for one in made.giveaways}
    assert {"opens a turn with one word and a comma", "opens a turn as an earlier one of the "
            "dialogue"} & named  # fmt: skip


def test_length_alone_tells_whole_dialogues_only():
    made = compared(*sides("fr", words=24))
    assert made.whole.value > 0.95
    assert made.matched is not None
    assert made.matched.value < 0.7
    assert made.giveaways[0].feature.length


def test_what_only_an_editor_changes_is_no_feature():
    ours, theirs = sides("fr")
    made = compared(changed(ours, lambda text: text.title().replace("?", " ？")), theirs)
    assert abs(made.whole.value - 0.5) <= 0.05


def test_drafts_of_one_scenario_are_no_independent_examples():
    ours, theirs = sides("fr")
    few = [replace(one, pair=(f"pair{at % 4}",)) for at, one in enumerate(ours)]
    marked = changed(few, lambda text: text + "!")
    made = compared(marked, theirs)
    assert made.whole.pairs == (4, 40)
    assert made.whole.low < 0.7 < made.whole.value


@pytest.mark.parametrize(
    ("ours", "theirs", "why"),
    [
        ([], [talk(1)], "there is no dialogue in it"),
        ([talk(1)], [talk(n) for n in range(40)], "fr: 1 of ours and 40 of people's, of 20 each"),
        ([talk(n) for n in range(19)], [talk(n) for n in range(40)], "19 of ours"),
        ([talk(n) for n in range(40)], [talk(1, "zh")], "people has no dialogues in it"),
        ([replace(talk(n), pair=("a",)) for n in range(30)], [talk(n) for n in range(40)],
         "fewer than 3 different pairs"),
    ],
)  # fmt: skip
def test_too_little_to_compare(ours, theirs, why):
    with pytest.raises(MaterialError, match=why) as told:
        list(compare_languages(Given(ours, "ours"), Given(theirs, "people")))
    assert "\n" not in str(told.value)


def test_a_language_with_too_few_is_told_beside_the_others():
    ours, theirs = sides("fr")
    one, told = compare_languages(Given([*ours, talk(1, "zh")]), Given([*theirs, talk(2, "zh")]))
    assert isinstance(one, Resemblance)
    assert told == "zh: 1 of ours and 1 of people's, of 20 each that it takes; no figure."


@pytest.mark.ci
@pytest.mark.parametrize("seed", range(3))
def test_people_are_not_told_from_people(data_folder, seed):
    people = open_source(str(data_folder / "xpersona"))
    assert len(people.counts) == 7
    for tag in people.counts:
        talks = people.draw(tag, 300).talks
        order = np.random.default_rng(seed).permutation(len(talks))
        half = len(talks) // 2
        made = compared([talks[at] for at in order[:half]], [talks[at] for at in order[half:]])
        assert abs(made.whole.value - 0.5) <= 0.05, tag
        assert made.matched is not None
        assert abs(made.matched.value - 0.5) <= 0.05, tag


def test_logistic_regression_agrees_with_scikit_learn():
    x = np.array([[0.5, 1.2], [1.5, -0.3], [-0.7, 0.8], [2.1, 0.1], [-1.2, -1.1], [0.3, 0.4]])
    y = np.array([1.0, 1.0, 0.0, 1.0, 0.0, 0.0])
    model = fit(x, y, np.ones(6), penalty=0.5)
    # LogisticRegression(C=2, tol=1e-12, max_iter=10_000).fit(x, y)
    assert model.weights == pytest.approx([1.47386023, 0.32837425], abs=1e-6)
    assert model.bias == pytest.approx(-0.74366298, abs=1e-6)
    parted = fit(1000 * x[:, :1], (x[:, 0] > 0).astype(float), np.ones(6), penalty=1e-3)
    assert np.isfinite(parted.weights).all()


def test_interval_of_newcombe():
    low, high = interval(0.5, 100, 100)
    assert low == pytest.approx(1 - high, abs=1e-6)
    assert 0.07 < high - 0.5 < 0.09  # 1.96 times the standard error of Wilcoxon, 0.0409
    low, high = interval(1.0, 20, 20)
    assert 0.8 < low < 0.95
    assert high == 1.0


def test_log_odds_with_a_prior():
    def said(text, number):
        return Spoken((tuple(text.split()),), ("A",), (str(number),))

    ours = [said("well that is fine", n) for n in range(30)]
    theirs = [said("that is fine", n + 30) for n in range(30)]
    found = find_phrases([*ours, *theirs], blanks=True)
    scores = dict(zip(found.phrases, found.log_odds(np.arange(60) < 30, np.arange(60) >= 30),
                      strict=True))  # fmt: skip
    assert scores[1, "well"] > 2 > -2 > scores[1, "that"]
    assert abs(scores[0, "is"]) < 1
    assert max(scores, key=lambda one: scores[one])[1].startswith("well")


def test_phrases_do_not_reach_over_marks_gaps_or_words():
    turn = ("oh", ",", "it", "'", "s", "late", GAP, "now", ".")
    every = {text for _, text in find_phrases([Spoken((turn,), ("A",), ("x",))] * 5,
                                              blanks=True).phrases}  # fmt: skip
    assert {"oh", "it's", "late", "now"} <= every
    assert not every & {"oh it", "s", "s late", "late now"}


def test_lengths_are_matched_from_inside_turns():
    ours, theirs = (read_spoken(side, "intl") for side in sides("fr", words=20))
    made = match_lengths(ours, theirs)
    assert made.turns == 8
    for one, other in zip(made.ours, made.theirs, strict=True):
        tokens = [sum(token != GAP for turn in each.turns for token in turn)
                  for each in (one, other)]  # fmt: skip
        assert abs(tokens[0] - tokens[1]) <= 8
    heads = {turn[0] for one in ours for turn in one.turns}
    assert {turn[0] for one in made.ours for turn in one.turns} <= heads
