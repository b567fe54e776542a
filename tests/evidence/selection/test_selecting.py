"""Turns that follow are found above chance, shuffled ones at chance, ties count as expected."""

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from crowdglot.datasets.exports.making.distractors import answers, enough
from crowdglot.engines.embedding.embedder import Meanings
from crowdglot.errors import MaterialError
from crowdglot.evidence.selection.ranking import Bm25, credit, summarise
from crowdglot.evidence.selection.selecting import select_all
from tests.evidence.talks import Given, talk


def coherent(count, tag="fr"):
    """Each dialogue has a word of its own, which comes back."""
    talks = (talk(number, tag) for number in range(count))
    return [
        replace(one, turns=tuple(f"sujet{number} {text}" for text in one.turns))
        for number, one in enumerate(talks)
    ]


def shuffled(talks):
    """The same turns at the same places, each of another dialogue."""
    columns = list(zip(*(one.turns for one in talks), strict=True))
    mixed = [random.Random(at).sample(column, len(column)) for at, column in enumerate(columns)]
    return [replace(one, turns=turns)
            for one, turns in zip(talks, zip(*mixed, strict=True), strict=True)]  # fmt: skip


def vectors(texts):
    """A direction for each first word."""
    kinds = {word: at for at, word in enumerate(sorted({text.split()[0] for text in texts}))}
    return Meanings("first words", np.eye(len(kinds))[[kinds[text.split()[0]] for text in texts]])


def test_turns_that_follow_are_found():
    made = list(select_all(Given(coherent(60)), embed=vectors))
    assert [one.by for one in made] == ["BM25", "first words"]
    for one in made:
        first, five, mrr = one.shares
        assert (first.chance, five.chance) == (0.05, 0.25)
        assert mrr.chance == pytest.approx(0.1799, abs=1e-4)
        assert all(share.low > share.chance for share in one.shares)
        assert first.value > 0.8
    assert made[0].questions + made[0].without == 60 * 7


def test_shuffled_turns_are_at_chance():
    (made,) = select_all(Given(shuffled(coherent(60))))
    for share in made.shares:
        assert share.low <= share.chance + 0.01
        assert share.value == pytest.approx(share.chance, abs=0.05)


def test_distractors_are_of_other_pairs_and_like_length():
    talks = coherent(40)
    talks = [replace(one, pair=(f"p{at // 2}",)) for at, one in enumerate(talks)]
    said = {(at, text): one.pair for one in talks for at, _, text in one.answers()}
    every = list(enough(answers(talks), Counter()))
    assert every
    for one in every:
        assert len({one.text, *one.distractors}) == 20
        for text in one.distractors:
            assert said[one.at, text] != one.view.pair
            assert len(one.text) <= 2 * len(text) <= 4 * len(one.text)


def test_ties_count_as_expected():
    assert credit([0.0] * 20, 0) == pytest.approx((0.05, 0.25, 0.17989), abs=1e-4)
    assert credit([1.0, 2.0, 1.0, 0.0], 0) == pytest.approx((0.0, 1.0, (1 / 2 + 1 / 3) / 2))
    assert credit([3.0, 2.0, 1.0], 0) == (1.0, 1.0, 1.0)


def test_interval_is_over_dialogues_not_questions():
    same = np.repeat(np.tile([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]], (5, 1)), 50, axis=0)
    by_dialogue = summarise(same, np.repeat(np.arange(10), 50))[0]
    by_question = summarise(same, np.arange(500))[0]
    assert by_dialogue.value == by_question.value == 0.5
    assert by_dialogue.high - by_dialogue.low > 4 * (by_question.high - by_question.low)


def test_bm25_by_hand():
    bm25 = Bm25([["a", "b"], ["a", "c"], ["a", "d"]])
    # log(1 + 2.5 / 1.5) for "b" once in a document of mean length; "a" is everywhere.
    assert bm25.score(["b"], ["a", "b"]) == pytest.approx(0.980829, abs=1e-6)
    assert bm25.score(["a"], ["a", "b"]) == pytest.approx(0.133531, abs=1e-6)
    assert bm25.score(["z"], ["a", "b"]) == 0


@pytest.mark.parametrize(
    ("talks", "why"),
    [([], "there is no dialogue in it"), ([talk(1)], "fr: 1 dialogues give 0 turns")],
)
def test_too_few_dialogues(talks, why):
    with pytest.raises(MaterialError, match=why):
        list(select_all(Given(talks)))


@pytest.mark.ci
def test_people_answer_one_another(data_folder):
    from crowdglot.evidence.sources import open_source

    made = list(select_all(open_source(str(data_folder / "xpersona"))))
    assert len(made) == 7
    for one in made:
        assert all(share.low > share.chance for share in one.shares), one.language
