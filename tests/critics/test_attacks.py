"""Critics under attack: whatever a turn holds, a verdict; faults in every guise; linear time."""

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdglot.critics import CRITICS, load_critics
from tests.builders import FRENCH, dialogue, shown

BY_NAME = dict(zip(CRITICS, load_critics(), strict=True))
CHEAP = {name: critic for name, critic in BY_NAME.items() if name != "language"}
EXAMPLE = shown("Hey there, how are you doing today?", "Fine, I walked my dogs in the park.")

ODD = (
    "", " ", "\n\n", "\u200b", "\u200d\u200c", "\x00\x07", "\u202eabc\u202c", "\ud800", "a\udfff",
    "😀👩‍👩‍👧‍👦🇫🇷", "１２３4５", "e\u0301te\u0301", "ﬁn", "privet, kak dela?",
    "namaste, kya haal hai?",
    # What critics put between turns that they look at in one pass, as a turn could hold it.
    ". \x00. ", ". \x1f. ", "^", "je suis né. " * 9,
    "\uffff", "\ufeff", "İI", "ß", "[", "((((", "<<<", "@", "*", ":", "：", "。", "A1:", "- ",
    "\\u",
)  # fmt: skip
texts = st.one_of(
    st.text(st.characters(), max_size=80),
    st.sampled_from(ODD),
    st.lists(st.sampled_from((*ODD, "je suis", "私は", "مرحبا", " ")), max_size=12).map("".join),
)


@pytest.mark.parametrize("name", CRITICS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(turns=st.lists(texts, max_size=6), tag=st.sampled_from(["fr", "zh", "ja", "ar", "hi", "th"]))
def test_any_text_gets_a_verdict(name, turns, tag):
    verdict = BY_NAME[name].judge(dialogue(turns, tag, demonstrations=[EXAMPLE]))
    assert verdict.critic == name
    assert verdict.passed or verdict.evidence
    assert len(verdict.evidence) <= 200
    verdict.evidence.encode()
    assert verdict.score is None or verdict.score >= 0


UNITS = (
    "a", "é", "我", "\n", " ", "a ", "\n ", "1", "1 ", "12-", "(", "[", "<", "*", "* ", "_", "|",
    "| ", "- ", "#", "@", "a@", "a.", "a-", ".com", ":", "a:", "A1", "Hugo", "Hugo:", "&", "\\",
    "x",
    "je ", "je. ", "how can i ", "\u0301", "\u200b", "😀", "je suis né. ", "\n1. ", "～",
)  # fmt: skip


@pytest.mark.parametrize("name", CHEAP)
def test_time_grows_with_the_length_and_no_faster(name):
    critic = CHEAP[name]
    critic.judge(dialogue(demonstrations=[EXAMPLE]))
    for unit in UNITS:
        long = dialogue((unit * (100_000 // len(unit)) + "!", "Oui."), demonstrations=[EXAMPLE])
        # The best of a few, for the machine may be busy; 50 ms is far below what a square needs.
        fast = any(_seconds(critic, long) < 0.05 for _ in range(4))
        assert fast, (name, unit)


def _seconds(critic, long):
    started = time.thread_time()
    critic.judge(long)
    return time.thread_time() - started


def _reason(critic, text, tag="fr", **more):
    texts = (*FRENCH[:2], text, *FRENCH[3:])
    return BY_NAME[critic].judge(dialogue(texts, tag, **more)).reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("你好，［名字］！", "placeholder"),
        ("＜名前＞さん、おはよう。", "placeholder"),
        ("｛city｝に行こう。", "placeholder"),
        ("〇〇さん、おはよう。", "placeholder"),
        ("○○公司的人", "placeholder"),
        ("＿＿＿＿さん", "placeholder"),
        ("Ｓpeaker １：Salut", "label"),
        ("Ａ２：你好", "label"),
        ('Oui. "B2": "Non"', "label"),
        ("hugo (souriant) : d'accord", "speaker_name"),
        ("D'accord. Camille： À demain", "speaker_name"),
        ("（笑いながら）いいね", "stage_direction"),
        ("(il rit) Bien sûr", "stage_direction"),
        ("Bien sûr *sourit doucement* viens", "stage_direction"),
        ("【叹气】算了", "placeholder"),
        ("1. Le pain\n2. Le beurre", "markup"),
        ("Alors :\n- le pain\n- le beurre", "markup"),
        ("[ici](la page)", "placeholder"),
        ("Tom &amp; Léa", "markup"),
        ("Salut\\nÇa va ?", "markup"),
        ("Écris à jürgen@müller.de", "e_mail"),
        ("hugo＠exemple.fr", "e_mail"),
        ("Va sur exemple.com !", "link"),
        ("ｗｗｗ．exemple．com", "link"),
        ("смотри пример.рф", "link"),
        ("電話は０９０－１２３４－５６７８です", "phone"),
        ("رقمي ٠٥٠١٢٣٤٥٦٧", "phone"),
        ("Oui \u202etoi", "control"),
        ("Oui\x00", "control"),
        ("so\u00adft", "control"),
    ],
)
def test_artefacts_in_every_guise(text, reason):
    assert _reason("artefacts", text) == reason


@pytest.mark.parametrize(
    "text",
    [
        "二〇〇〇年に生まれた。",
        "Je l'ai dit à Camille : viens demain.",
        "Devine quoi : il est midi.",
        "Il est 12:45, on y va ?",
        "5*3*2, ça fait trente.",
        "Elle a lu « Dune » (le premier tome).",
        "Ça va 😀👩‍👩‍👧‍👦 ?",
        "چه می‌خواهی؟",
        "《红楼梦》你看过吗？",
        "Merci\u00a0! J'arrive\u202f!",
        "Le XXe siècle, quoi.",
        "1. Le pain, c'est tout.",
    ],
)
def test_ordinary_writing_is_no_artefact(text):
    assert _reason("artefacts", text) is None


def test_labels_of_any_language_are_told_by_repetition():
    texts = (
        "화자 1: 안녕, 뭐 해?",
        "화자 2: 그냥 쉬고 있어.",
        "화자 1: 산책 갈래?",
        "화자 2: 좋지.",
    )
    assert BY_NAME["artefacts"].judge(dialogue(texts, "ko")).reason == "label"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Je ne peux pas répondre à cette demande.", "refusal"),
        ("JE SUIS UNE INTELLIGENCE ARTIFICIELLE", "refusal"),
        ("En tant qu’IA, non.", "refusal"),
        ("En tant\u00a0que modèle de langage", "refusal"),
        ("En tant que mod\u200bèle de langage", "refusal"),
        ("Comment puis-je t’aider ?", "offer"),
        ("Damals KI kann ich", None),
        ("I'm an airline pilot", None),
        ("私はAIとして、お答えします", "refusal"),
        ("وبصفتي نموذج لغوي", "refusal"),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_assistant_talk_in_every_guise(text, reason, form):
    assert _reason("assistant", unicodedata.normalize(form, text)) == reason


@pytest.mark.parametrize(
    ("text", "tag", "reason"),
    [
        ("Bonne idée。", "fr", "foreign_punctuation"),
        ("Bonne idée，vraiment", "fr", "foreign_punctuation"),
        ("ça va؟", "fr", "foreign_punctuation"),
        ("좋아，가자", "ko", "foreign_punctuation"),
        ("كيف حالك؟ بخير، شكرا؛", "ar", None),
        ("तुम कैसे हो? मैं ठीक हूँ।", "hi", None),
        ("ամեն ինչ լավ է։", "hy", None),
        ("«Oui», dit-il… – enfin !", "fr", None),
        ("你好，世界。「真的」？", "zh", None),
        ("你知道Christopher Columbus吗？他是谁", "zh", None),
        ("我 like 你的 dog", "zh", "foreign_script"),
        ("privet kak dela", "ru", "foreign_script"),
        ("namaste kya haal hai", "hi", "foreign_script"),
    ],
)
def test_marks_and_letters_of_a_wrong_script(text, tag, reason):
    assert BY_NAME["script"].judge(dialogue((text, text), tag)).reason == reason


def test_an_echo_is_found_in_any_form():
    first = FRENCH[0]
    for form in (unicodedata.normalize("NFD", first), first.upper(), first.replace("a", "ａ")):
        assert _reason("repetition", form) == "echo_turn"
    thai = "เมื่อวานฉันไปตลาดแล้วซื้อผลไม้มาเยอะมากเลย"
    texts = (thai, "ดีจัง แล้วซื้ออะไรมาบ้าง", thai + "นะ")
    assert BY_NAME["repetition"].judge(dialogue(texts, "th")).reason == "echo_turn"


@pytest.mark.parametrize("text", ["haha" * 30, "very very very " * 6, "हाँ ठीक है " * 8])
def test_a_loop_is_found_with_and_without_blanks(text):
    assert _reason("repetition", text) == "loop"


def test_a_turn_of_blanks_is_empty():
    assert _reason("length", " \u3000\n") == "empty_turn"
