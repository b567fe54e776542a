"""Single English words in a turn: what proves them, and what is left alone."""

import pytest

from crowdglot.critics import load_critics
from crowdglot.critics.foreign_words import ForeignWords
from crowdglot.languages.language import resolve_language
from crowdglot.languages.words.foreign_words import foreign_words, word_scores
from tests.builders import dialogue

CRITIC = next(critic for critic in load_critics() if isinstance(critic, ForeignWords))


def reason(tag, text, **more):
    return CRITIC.judge(dialogue((text,), tag, **more)).reason


@pytest.mark.parametrize(
    ("tag", "text", "word"),
    [
        ("de", "Du hast Marillenknödel mit Buttered crumbs, aber das ist zu früh.", "crumbs"),
        ("de", "Ich hab die Kuchen mit der Whipped Cream verpasst.", "Whipped"),
        ("de", "Hast du ever noch ein Bier bekommen?", "ever"),
        ("de", "Ich bin heute alone in Rostock gewesen.", "alone"),
        ("de", "Das war super helpful von dir.", "helpful"),
        ("fr", "Ta nouvelle appointment a été annulée demain ?", "appointment"),
        ("fr", "C'était super helpful, merci.", "helpful"),
        ("fr", "Je n'ai pas pris l'appointment de lundi.", "appointment"),
        ("es", "Mañana tengo un appointment con el médico.", "appointment"),
        ("it", "Ho dimenticato il nostro appointment di domani.", "appointment"),
        ("id", "Besok saya ada appointment di rumah sakit.", "appointment"),
        ("pl", "Mam jutro appointment u lekarza.", "appointment"),
        ("zh", "那是一瓶 raspberry juice。你告诉全班它就是血。", "juice"),
        ("zh", "nobody知道。我早上十点来这里的。", "nobody"),
        ("zh", "我们已经过了 almost一年，你的房间看起来好整洁啊。", "almost"),
        ("ja", "明日は appointment があるので行けません。", "appointment"),
        ("ko", "어제 병원 appointment가 있었어.", "appointment"),
        ("ar", "عندي appointment مع الطبيب غدا.", "appointment"),
        ("ru", "У меня завтра appointment у врача.", "appointment"),
        ("th", "พรุ่งนี้ฉันมี appointment กับหมอ", "appointment"),
    ],
)
def test_one_word_is_found(tag, text, word):
    verdict = CRITIC.judge(dialogue((text,), tag))
    assert verdict.reason == "foreign_word", verdict
    assert f"turn 1: {word}" in verdict.evidence


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("de", "Am Weekend treffe ich mein Team zum Brunch, danach ist Party."),
        ("de", "Der Manager hat im Meeting ein Update zum Design gegeben."),
        ("de", "Ich habe The Silence of the Lambs im Kino gesehen."),
        ("de", "Gestern lief „Forgotten Friend“ im Fernsehen."),
        ("fr", "On se fait un week-end shopping avec le coach de fitness ?"),
        ("fr", "J'ai revu Somewhere Over Lambs hier soir, avec Brad Appointment."),
        ("fr", "Le film « forgotten appointment » passe ce soir."),
        ("it", "Ho un'attività di dog-sitting, ascolto musica country e death metal."),
        ("es", "Mi hobby es el jazz, tengo un blog y muchos followers."),
        ("id", "Aku suka musik country dan main game online."),
        ("zh", "我用iPhone拍了很多照片，发到Facebook上了，OK吗？"),
        ("zh", "我的ipod touch里有很多音乐，周末去party。"),
        ("ja", "Netflixでドラマを見てから、jazzのCDを聞いた。"),
        ("ko", "우리 team은 어제 NFL 경기를 봤어."),
        ("ru", "Вчера смотрели Netflix и слушали Radiohead."),
        ("en", "I have an appointment, almost nobody was helpful."),
        ("yo", "Mo ní appointment lọ́la."),
        ("fr", ""),
    ],
)
def test_names_loanwords_and_titles_are_left_alone(tag, text):
    assert reason(tag, text) is None


@pytest.mark.parametrize("tag", ["fr", "de", "zh", "ja"])
def test_a_turn_in_english_is_left_to_identification(tag):
    assert reason(tag, "Nobody was helpful, so I missed my appointment.") is None


def test_names_of_the_speakers_are_exempt():
    german = resolve_language("de")
    text = "Grüß Whipped von mir."
    assert [word for _, word, _ in foreign_words([text], german)] == ["Whipped"]
    assert not list(foreign_words([text], german, names=("Whipped Baker",)))


def test_a_language_without_a_list_is_judged_by_its_relatives_or_not_at_all():
    assert word_scores(resolve_language("en")) is None
    assert word_scores(resolve_language("yo")) is None
    assert CRITIC.judge(dialogue(("Mo lọ.",), "yo")).score is None
    assert word_scores(resolve_language("gl"))["appointment"] > 1.9
    # The words of Galician that look like English ones stand in Spanish or Portuguese lists.
    assert reason("gl", "A casa dos meus pais come moito sol pola tarde.") is None


@pytest.mark.parametrize(
    "text", ["\ud800 a b", "a" * 100_000, "mon appointment a " * 20_000, "\x00«»“"]
)
def test_odd_text_is_no_crash(text):
    for tag in ("fr", "zh"):
        assert CRITIC.judge(dialogue((text,), tag)).critic == "foreign_words"
