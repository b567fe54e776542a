"""When talk that is written turn by turn is over."""

from dataclasses import replace

import pytest

from crowdglot.dialogues.dialogue import Turn
from crowdglot.dialogues.ways.endings import ending, without_loop
from crowdglot.languages.language import packed_tags, resolve_language
from tests.builders import NURSE, scenario

TALK = ("Tu viens samedi ?", "Oui, avec ma sœur.", "Alors je prends deux places.")


def turns(*texts):
    return tuple(Turn("AB"[number % 2], text) for number, text in enumerate(texts))


def ends(*texts, settled=0, tag="fr", speakers="AB", planned=8):
    asked = scenario(tag)
    asked = replace(asked, order=(speakers * planned)[:planned], personas=(NURSE,) * len(speakers))
    return ending(turns(*texts), settled, asked)


@pytest.mark.parametrize(
    ("texts", "ended"),
    [
        (TALK, ""),
        ((*TALK, "Merci !"), ""),
        ((*TALK, "Merci !", "De rien !"), ""),
        ((*TALK, "Merci !", "De rien !", "Non, merci à toi, vraiment !"), "thanks"),
        ((*TALK, "D'accord.", "D'accord.", "D'accord."), ""),  # the first says something
        ((*TALK, "D'accord.", "D'accord.", "D’accord !", "D'accord"), "thanks"),
        ((*TALK, ""), "empty"),
        (("Merci !", "Pour le gâteau que tu m'as laissé hier soir chez la voisine, merci !"), ""),
    ],
)
def test_a_loop_of_thanks_or_of_echoes_ends_it(texts, ended):
    assert ends(*texts) == ended


def test_all_speakers_must_find_it_settled_and_not_at_once():
    four = (*TALK, "À samedi, alors.")
    assert ends(*four, settled=1) == ""
    assert ends(*four, settled=2) == "goal"
    assert ends(*four, settled=2, speakers="ABC") == ""
    assert ends(*four, settled=4, planned=10) == ""
    assert ends(*four[:2], settled=2) == ""


def test_what_is_too_much_is_left_out():
    said = turns(*TALK, "Merci !", "De rien !", "Merci encore !")
    assert without_loop(said, "thanks") == said[:-1]
    assert without_loop(turns(*TALK, ""), "empty") == turns(*TALK)
    assert without_loop(said, "goal") == without_loop(said, "") == said


@pytest.mark.parametrize("tag", packed_tags())
def test_every_packed_language_can_thank(tag):
    thanks = resolve_language(tag).pack.phrases.thanks
    assert thanks
    assert all(phrase == phrase.strip().lower() for phrase in thanks)
    talk = [f"{phrase}!" for phrase in (thanks * 3)[:3]]
    assert ends(*talk, tag=tag) == "thanks"
