"""Foreign words inside a turn, found by their frequencies; what must not be held against a turn."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdglot.critics import load_critics
from crowdglot.critics.language import LanguageCritic
from crowdglot.languages import switching
from crowdglot.languages.language import resolve_language
from crowdglot.languages.switching import switched_words
from tests.builders import FRENCH, dialogue

LEAST = 3.6  # as in critics/thresholds.toml


def spans(text, tag, **options):
    found = switched_words([text], resolve_language(tag), LEAST, **options)
    assert all(span in text and score >= LEAST for span, score in found)
    return [span for span, _ in found]


@pytest.mark.parametrize(
    ("tag", "text", "expected"),
    [
        ("fr", "Je manque du ciel avec lequel je grew up by.", "grew up by"),
        ("de", "Das ist so typisch, you know what I mean, und dann ging er.",
         "you know what I mean"),
        ("es", "Ayer me quedé en casa because it was raining y vi una peli.",
         "because it was raining"),
        ("id", "Kemarin aku pergi ke pasar with my little sister lalu makan soto.",
         "with my little sister"),
        ("tr", "Dün akşam eve geldim and then we watched bir film.", "and then we watched"),
        ("ru", "Я вчера была дома because it was raining весь день.", "because it was raining"),
        ("zh", "我昨天在家里because it was raining所以没出去。", "because it was raining"),
    ],
)  # fmt: skip
def test_span_is_found(tag, text, expected):
    found = spans(text, tag)
    assert len(found) == 1
    assert expected in found[0]
    assert len(found[0]) <= len(expected) + 4


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("fr", "Ce week-end on regarde un film au cinéma, c'est cool."),
        ("fr", "J'ai mangé un sandwich au parking avec Brad Smith."),
        ("de", "Das Meeting war okay, aber der Computer ist abgestürzt."),
        ("it", "Stasera faccio sport e poi guardo la partita in streaming."),
        ("id", "Aku suka main game online di komputer kakak."),
        ("fr", "ok"),
        ("fr", "haha"),
        ("fr", "Le film s'appelle The Silence of the Lambs, je crois."),
        ("ko", "나는 어제 Netflix에서 드라마를 봤어."),
        ("zh", "我用iPhone拍了很多照片，发到Facebook上了。"),
    ],
)
def test_loanwords_names_and_short_turns_pass(tag, text):
    assert spans(text, tag) == []


def test_names_of_the_speakers_are_exempt():
    text = "hier soir will hope est venue chez nous."
    assert spans(text, "fr") == ["will hope"]
    assert spans(text, "fr", names=("Will Hope",)) == []


def test_one_word_is_left_alone():
    # Known limit: human turns hold as many single English words, rightly or not.
    assert spans("Mon allergie aux fleurs vient des funerals.", "fr") == []


def test_a_turn_that_is_foreign_throughout_is_no_switching():
    assert spans("I think we should go home now.", "fr") == []


def test_a_span_is_a_part_of_the_text():
    assert spans("Et puis we went back home, tu vois.", "fr") == ["we went back home"]


@pytest.mark.parametrize("text", ["", "   ", "123 !?", "😀", "\ud800 a b", "a" * 100_000, "\u202e"])
def test_odd_text_is_no_crash(text):
    assert isinstance(spans(text, "fr"), list)


def test_where_there_are_no_lists():
    assert spans("It was raining and cold, because so was I.", "en") == []
    assert spans("Mo lọ because it was raining and cold.", "yo") == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({2: "Et si on déplaçait tout, because I grew up there, chez ma sœur ?"}, "code_switching"),
        ({1: "Ne m'en parle pas, it was terrible ce matin.",
          4: "Je l'appelle right now, toi tu t'occupes of the drinks."}, "code_switching"),
        ({2: "On pourrait regarder call of duty, le jeu de mon frère, chez ma sœur ?"}, None),
        ({2: "Et si on mangeait un fast food devant un film chez ma sœur ?"}, None),
    ],
)  # fmt: skip
def test_critic_weighs_the_spans_of_a_dialogue(changed, reason):
    critic = next(c for c in load_critics() if isinstance(c, LanguageCritic))
    verdict = critic.judge(dialogue([changed.get(n, text) for n, text in enumerate(FRENCH)]))
    assert verdict.reason == reason, verdict


WORDS = "je ne sais pas il parle avec the dog was İstanbul don’t Marie l'ami 你好 и country of 7 ,"


@settings(deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(WORDS.split())).map(" ".join), max_size=4),
    st.sampled_from(["fr", "zh", "tr"]),
    st.sampled_from([0.0, 1.0, LEAST]),
)
def test_the_glance_over_all_turns_misses_no_span(turns, tag, least):
    target = resolve_language(tag)
    found = switched_words(turns, target, least, names=["Marie"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(switching, "_highest_rise", lambda text, scores: least)
        assert found == switched_words(turns, target, least, names=["Marie"])
