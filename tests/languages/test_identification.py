"""Verification of the target language: single turns, turns in context, wrong scripts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdglot.languages.identification import identify, identify_dialogue, verifiable
from crowdglot.languages.language import resolve_language
from crowdglot.languages.scripts import count_letters, foreign_letters, foreign_share, wrong_chinese

GERMAN = (
    "Hast du schon gehört, dass die Bäckerei zumacht?",
    "ok",
    "Doch, Ende März ist Schluss.",
    "Haha!",
    "Kemal",
    "Dann müssen wir sonntags wieder selber backen.",
)


def test_short_turns_are_judged_in_context():
    whole, turns = identify_dialogue(GERMAN, resolve_language("de"))
    assert whole.tag == "de"
    assert all(turn.probability >= 0.5 for turn in turns), turns


@pytest.mark.parametrize(
    "intruder",
    [
        "I think we should bake our own bread again.",
        "Je pense qu'on devrait refaire notre pain.",
        "我觉得我们应该自己烤面包。",
    ],
)
def test_a_turn_in_another_language_stands_out(intruder):
    _, turns = identify_dialogue((*GERMAN, intruder), resolve_language("de"))
    assert turns[-1].probability < 0.5
    assert all(turn.probability >= 0.5 for turn in turns[:-1])


def test_whole_dialogue_in_the_source_language():
    english = ("Did you hear that the bakery is closing?", "Yes, at the end of March.")
    whole, _ = identify_dialogue(english, resolve_language("de"))
    assert whole.tag == "en"
    assert whole.probability < 0.1


@pytest.mark.parametrize("text", ["", "!!! 123", "😀😀", "\u200b"])
def test_text_without_words_says_nothing(text):
    found = identify(text, resolve_language("fr"))
    assert (found.tag, found.by) == ("und", "nothing")


def test_the_same_answer_every_time():
    turns = ["Saya mau pergi dulu.", "Besok kita bertemu lagi ya."]
    target = resolve_language("id")
    first = [identify(turn, target) for turn in turns]
    assert all([identify(turn, target) for turn in turns] == first for _ in range(5))


def test_written_forms_of_chinese():
    assert wrong_chinese("我們說話的時候", "Hans") == 1.0
    assert wrong_chinese("我们说话的时候", "Hans") == 0.0
    assert identify("我們這個週末去買東西好嗎", resolve_language("zh")).probability == 0.0
    assert identify("我們這個週末去買東西好嗎", resolve_language("zh-Hant")).probability > 0.5


def test_japanese_needs_kana_and_korean_hangul():
    assert identify("我觉得我们应该自己烤面包", resolve_language("ja")).probability == 0.0
    assert identify("我觉得我们应该自己烤面包", resolve_language("ko")).probability == 0.0
    baking = identify("パンを自分で焼こうと思って", resolve_language("ja"))
    assert (baking.by, baking.probability) == ("script", 1.0)


def test_a_quoted_kana_does_not_make_chinese_japanese():
    quoting = "我觉得我们应该去那家の字号的店自己烤面包吃饭"
    found = identify(quoting, resolve_language("ja"))
    assert found.by != "script"
    assert found.probability < 0.5


def test_foreign_share_counts_letters():
    assert foreign_share("schwimmen 游泳", "Latn") == pytest.approx(2 / 11)
    assert foreign_share("Я люблю jazz", "Cyrl") == pytest.approx(4 / 10)
    assert foreign_share("123", "Latn") is None


@given(
    st.text() | st.text("aàßя你かｶ가อ,5🙂𝒜𠀀"),
    st.sampled_from(["Latn", "Hans", "Jpan", "Thai", "Zyyy"]),
)
def test_foreign_share_of_any_text(text, script):
    foreign = sum(map(len, foreign_letters(script).findall(text)))
    letters = count_letters(text)
    expected = foreign / letters if letters else None
    assert foreign_share(text, script) == expected


def test_language_that_no_identifier_knows():
    assert not verifiable(resolve_language("wo"))
    assert verifiable(resolve_language("fr"))
    assert verifiable(resolve_language("ka"))


@pytest.mark.parametrize("tag", ["en", "fr", "id", "it", "ja", "ko", "zh"])
def test_human_dialogues_are_accepted(tag, data_folder):
    name = "Jp" if tag == "ja" else tag.title()
    (path,) = (data_folder / "xpersona").glob(f"{name}_*.json")
    dialogues = [
        [text for pair in entry["dialogue"] for text in pair if text != "__SILENCE__"][:8]
        for entry in json.loads(path.read_text("utf-8"))[:40]
    ]
    target = resolve_language(tag)
    judged = [identify_dialogue(turns, target) for turns in dialogues]
    assert all(whole.probability >= 0.7 for whole, _ in judged)
    turns = [turn for _, found in judged for turn in found]
    assert sum(turn.probability >= 0.5 for turn in turns) / len(turns) >= 0.99


@pytest.mark.parametrize(
    "text", ["\ud800 bonjour", "\u202eabc", "a" * 100_000, "\x00", "ＯＫ １２"]
)
@pytest.mark.parametrize("tag", ["fr", "zh", "ja", "sw", "sr-Latn"])
def test_odd_text_has_a_defined_answer(text, tag):
    target = resolve_language(tag)
    whole, turns = identify_dialogue([text, "ok", ""], target)
    assert all(0.0 <= found.probability <= 1.0 for found in (whole, *turns))
    assert identify_dialogue([], target) == (identify("", target), ())


def test_names_in_latin_letters_do_not_make_chinese_foreign():
    turns = ["我有一只叫biggie smalls的猫。", "它几岁了？我也想养一只猫。"]
    _, found = identify_dialogue(turns, resolve_language("zh"))
    assert found[0].probability >= 0.5
