"""What letters say for a language against a close relative that no word list knows."""

import pytest

from crowdglot.languages.identification import identify_dialogue
from crowdglot.languages.language import resolve_language
from crowdglot.languages.words import grams

LEAST_TURN = 0.15  # as in critics/thresholds.toml


def test_profile_counts_edges_and_runs_that_occur_twice():
    known = grams.profile(["abc", "abd"])
    # Both words whole, four runs of two letters and two of four in each.
    assert known == {"": 14, "_a": 2, "ab": 2}


def test_word_speaks_for_the_language_that_has_its_letters():
    scores = grams.gram_scores(("hsb",), ("dsb",), "Latn")
    assert scores.of("sće") > 0.0 > scores.of("njejo")


def test_without_a_profile_letters_say_nothing():
    assert grams.gram_scores(("ja",), ("zh",), "Jpan") is None


@pytest.mark.parametrize(
    ("target", "own", "foreign"),
    [
        (
            "hsb",
            ("Sym wčera na torhošću był.", "Što sy tam kupił?", "Tam běchu wjele ludźi."),
            "Južo som to pśecej cynił, dokulaž njejo śěžko.",
        ),
        (
            "eo",
            ("Mi iris al la vendejo hieraŭ.", "Kion vi aĉetis tie?", "Tie estis multaj homoj."),
            "Me ne povas irar kun vu, nam me devas laborar.",
        ),
    ],
)
def test_one_turn_of_a_small_relative_is_found(target, own, foreign):
    language = resolve_language(target)
    _, turns = identify_dialogue((*own, foreign), language)
    assert all(turn.probability >= LEAST_TURN for turn in turns[:-1])
    assert turns[-1].probability < LEAST_TURN
