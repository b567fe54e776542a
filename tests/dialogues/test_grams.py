"""The form in which critics compare texts."""

from hypothesis import given
from hypothesis import strategies as st

from crowdglot.dialogues.dialogue import Turn
from crowdglot.dialogues.grams import grams, squeezed, squeezed_turns, squeezed_words


def test_a_text_is_squeezed():
    assert squeezed("  «Ça» va,\tＡＢ-１ ?\n") == "ça va ab 1"
    assert squeezed("so\u00adft \u200bhy\u2060phen") == "soft hyphen"
    assert squeezed("🙂 …") == ""
    assert squeezed_turns(()) == ()


@given(st.lists(st.text() | st.text("aÉ\u0301\x1f\u200bㄱ가ｶﾞ ,\n")))
def test_a_turn_is_squeezed_alike_alone_and_among_others(texts):
    turns = [Turn("A", text) for text in texts]
    assert squeezed_turns(turns) == tuple(squeezed(text) for text in texts)


def test_grams_of_a_short_text_are_the_text():
    assert grams("abc", 4) == ["abc"]
    assert grams("abcdef", 4) == ["abcd", "bcde", "cdef"]
    assert grams("abcdefg", 4, step=2) == ["abcd", "cdef"]


def test_words_are_those_of_all_turns_once():
    turns = (Turn("A", "L’été, l’eau…"), Turn("B", "Eau froide!"), Turn("A", ""))
    assert squeezed_words(turns) == {"l", "été", "eau", "froide"}
