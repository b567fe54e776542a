"""Every critic passes a human-like dialogue and names the reason for each fault."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from crowdglot.critics import CRITICS, judge, load_critics
from crowdglot.dialogues.draft import parse
from crowdglot.dialogues.scene import Thought
from crowdglot.errors import ConfigurationError
from tests.builders import FRENCH, dialogue, scenario, shown

BY_NAME = dict(zip(CRITICS, load_critics(), strict=True))

GERMAN = (
    "Na, wie war die erste Woche in der neuen Werkstatt?",
    "Anstrengend, aber der Meister erklärt alles zweimal, wenn man fragt.",
    "Das klingt besser als bei deinem alten Chef.",
    "Viel besser, nur das frühe Aufstehen bringt mich um.",
)
CHINESE = (
    "你昨天怎么没来打球？我们等了你半个小时。",
    "别提了，公司临时开会，手机又没电了。",
    "下次早点说嘛，大家都以为你出事了。",
    "行，周六我请你们吃火锅赔罪。",
)
ARABIC = (
    "وصلت متأخرة اليوم، هل كان الطريق مزدحما؟",
    "جدا، بقيت ساعة كاملة قرب الجسر ولم نتحرك.",
    "كان يجب أن تخرجي قبل السابعة كما قلت لك.",
    "أعرف، لكن أمي طلبت مني أن أشتري الخبز أولا.",
)


@pytest.mark.parametrize(
    ("texts", "tag"), [(FRENCH, "fr"), (GERMAN, "de"), (CHINESE, "zh"), (ARABIC, "ar")]
)
@pytest.mark.parametrize("name", CRITICS)
def test_good_dialogue_passes_every_critic(name, texts, tag):
    verdict = BY_NAME[name].judge(dialogue(texts, tag))
    assert verdict.passed, verdict
    assert verdict.critic == name


def _with(text, number=3):
    """The French dialogue with turn ``number`` replaced."""
    return (*FRENCH[: number - 1], text, *FRENCH[number:])


@pytest.mark.parametrize(
    ("critic", "texts", "reason"),
    [
        ("length", _with(""), "empty_turn"),
        ("length", _with("très " * 100 + "long"), "long_turn"),
        ("length", ("Oui", "Non", "Ah", "Oh", "Je ne sais pas quoi dire.", "Ok"), "tiny_turns"),
        ("script", _with("On pourrait aller 游泳 demain ?"), "foreign_script"),
        ("script", _with("J'ai vu Наташа au marché."), "foreign_script"),
        ("language", _with("I think we should move everything to her place."), "turn_language"),
        ("language", _with("Creo que deberíamos llevarlo todo a su casa."), "turn_language"),
        ("repetition", _with(FRENCH[0]), "echo_turn"),
        ("repetition", _with("Oui, tu as vu le temps qu'il fait ? On voulait pique-niquer au bord "
                             "du lac !"), "echo_turn"),
        ("repetition", _with("je l'aime bien parce que " * 6), "loop"),
        ("repetition", ("Où habites-tu ?", "J'habite à Lyon.", "Et toi, tu habites où ?",
                        "J'habite à Lyon."), "repeated_exchange"),
        ("foreign_words", _with("Ta nouvelle appointment a été annulée."), "foreign_word"),
        ("assistant", _with("Bonjour, comment puis-je vous aider aujourd'hui ?"), "offer"),
        ("assistant", _with("En tant que modèle de langage, je n'ai pas d'avis."), "refusal"),
        ("assistant", _with("As an AI language model, I can't help with that."), "refusal"),
        ("artefacts", _with("Salut [nom], ça va ?"), "placeholder"),
        ("artefacts", _with("Bonjour <prénom> !"), "placeholder"),
        ("artefacts", _with("C'est **vraiment** bien."), "markup"),
        ("artefacts", _with("- Premier point"), "markup"),
        ("artefacts", _with("Speaker 1: Salut"), "label"),
        ("artefacts", _with("Salut mon cher ami B !"), "letter"),
        ("artefacts", _with("Je comprends. Et toi, A ?"), "letter"),
        ("artefacts", _with("Samedi, A et B font un tour en ville."), "letter"),
        ("artefacts", _with("Bon. A和B打算一起去 !"), "letter"),
        ("artefacts", _with("B2: D'accord"), "label"),
        ("artefacts", _with("Hugo : D'accord"), "speaker_name"),
        ("artefacts", _with("*rit aux éclats*"), "stage_direction"),
        ("artefacts", _with("Écris à hugo@exemple.fr pour le code."), "e_mail"),
        ("artefacts", _with("Regarde sur https://exemple.fr/page"), "link"),
        ("artefacts", _with("Appelle-moi au 06 12 34 56 78 ce soir."), "phone"),
        ("artefacts", _with("Salut \u202etoi"), "control"),
        ("introduction", _with("Bonjour, je suis Camille."), "own_name"),
        ("recital", _with("Je suis infirmière. J'ai deux chiens. J'aime la mer. Je vis seule."),
         "self_description"),
    ],
)  # fmt: skip
def test_fault_is_named(critic, texts, reason):
    verdict = BY_NAME[critic].judge(dialogue(texts))
    assert (verdict.critic, verdict.reason) == (critic, reason)
    assert verdict.evidence
    assert len(verdict.evidence) <= 200


def test_a_run_of_first_person_clauses_ends_with_its_turn():
    two = "Je suis infirmière. J'ai deux chiens"
    apart = BY_NAME["recital"].judge(dialogue((two, f"{two} ?", f"{two}!?", two)))
    assert (apart.passed, apart.score) == (True, 2)
    listing = (FRENCH[0], two, "Je suis né ici, j'ai grandi là, je vis seul, j'aime la mer.")
    assert BY_NAME["recital"].judge(dialogue(listing)).evidence.startswith("turn 3: Je suis né")
    # A speaker says what the critic puts between turns to search them in one pass.
    seams = ("Salut. \0. \0.", "Oui. \0. Non.", listing[-1])
    assert BY_NAME["recital"].judge(dialogue(seams)).evidence.startswith("turn 3: Je suis né")


def test_whole_dialogue_in_english():
    english = ("Did you see the weather?", "Yes, it is awful today.") * 2
    assert BY_NAME["language"].judge(dialogue(english)).reason == "whole_language"


def test_whole_dialogue_in_a_relative():
    spanish = ("¿Has visto el tiempo que hace hoy?", "Sí, qué pena, ya tenía la comida hecha.")
    assert BY_NAME["language"].judge(dialogue(spanish, "pt")).reason == "whole_language"


def test_offer_is_in_place_between_client_and_provider():
    texts = _with("Bonjour, comment puis-je vous aider aujourd'hui ?", 1)
    assert BY_NAME["assistant"].judge(dialogue(texts, relation="client_and_provider")).passed


@pytest.mark.parametrize(
    "text",
    [
        "On se voit en 2026, le 14/07 à 18h30 ?",
        "Ça coûte 1 250 000 euros, tu te rends compte ?",
        "Il a couru 10,5 km en 1 h 02 min !",
        "Attends... quoi ? A : rien du tout.",
        "Le train part à 12:45, quai 3.",
        "Entre 1990 et 2000, non ?",
        "De 1990-2000 j'habitais Lyon.",
        "C'était le 14.07.2025, ou 2025-07-14 si tu préfères.",
        "Le prix : 12.000.000 d'euros !",
        "J't'aime <3 fort, et toi ?",
    ],
)
def test_numbers_and_punctuation_of_everyday_talk_pass(text):
    assert BY_NAME["artefacts"].judge(dialogue(_with(text))).passed


@pytest.mark.parametrize(
    ("tag", "texts"),
    [
        # Both speakers ask the same; another question has the same answer; short answers.
        ("fr", ("Où habites-tu ?", "J'habite à Lyon.", "Moi aussi.", "Et où travailles-tu ?")),
        ("fr", ("Tu veux du café ?", "Oui, merci bien.", "Et du sucre ?", "Oui, merci bien.")),
        ("zh", ("您住哪？", "我在哈尔滨，您住哪？", "我也在哈尔滨。", "真巧啊！")),
        ("zh", ("吃了吗？", "吃了。", "他吃了吗？", "吃了。")),
    ],
)
def test_two_questions_are_not_yet_one_asked_again(tag, texts):
    assert BY_NAME["repetition"].judge(dialogue(texts, tag)).passed


@pytest.mark.parametrize(
    ("texts", "tag", "thought", "repeats"),
    [
        (FRENCH, "fr", FRENCH[2].upper(), True),
        (FRENCH, "fr", "Et si on déplaçait tout chez ma sœur, elle a une véranda", True),
        (FRENCH, "fr", "Ma sœur va encore se plaindre du désordre.", False),
        (GERMAN, "de", "Das klingt besser als bei deinem alten Chef!", True),
        (GERMAN, "de", "Hoffentlich fragt niemand nach meinem alten Chef.", False),
        (CHINESE, "zh", "下次早点说嘛，大家都以为你出事了", True),
        (CHINESE, "zh", "其实我当时真的吓坏了。", False),
        (ARABIC, "ar", "كان يجب أن تخرجي قبل السابعة كما قلت لك", True),
        (ARABIC, "ar", "لا أريد أن أبدو غاضبة أمامها.", False),
        (("Tu viens ?", "Non.", "Non !", "Bon."), "fr", "Non", True),
        (FRENCH, "fr", "…", False),
    ],
)
def test_a_thought_that_its_turn_says(texts, tag, thought, repeats):
    thinking = replace(dialogue(texts, tag), thoughts=(Thought(3, thought),))
    found = BY_NAME["repetition"].judge(thinking)
    assert found.reason == ("repeated_thought" if repeats else None), found


def test_copied_demonstration():
    example = shown(
        "I finally finished painting the kitchen ceiling yesterday.",
        "You said that last week, what happened to the second coat?",
    )
    english = (
        "I finally finished painting the kitchen ceiling yesterday!",
        "Really, and did the paint last until the corner?",
    )
    verdict = BY_NAME["copying"].judge(dialogue(english, "en", demonstrations=[example]))
    assert verdict.reason == "copied_demonstration"
    assert BY_NAME["copying"].judge(dialogue(FRENCH, demonstrations=[example])).passed


def test_recited_persona_sentences():
    one = ("Hi, I love hiking in the mountains, you know.", "Nice to hear that, where to?")
    assert BY_NAME["recital"].judge(dialogue(one, "en")).passed
    two = ("I bake bread for a living, my brother lives abroad.", "Nice to hear that, where to?")
    assert BY_NAME["recital"].judge(dialogue(two, "en")).reason == "recited_persona"


def test_speakers():
    asked = scenario(turns=4)
    faulty = dialogue(FRENCH[:4])
    doubled = (faulty.turns[0], *faulty.turns[:3])
    from crowdglot.dialogues.dialogue import Dialogue

    assert BY_NAME["speakers"].judge(Dialogue(asked, doubled)).reason == "no_alternation"
    assert BY_NAME["format"].judge(Dialogue(asked, faulty.turns[:3])).reason == "turn_count"


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        ("Bien sûr ! Voici le dialogue.", "not_json"),
        ('{"A1": "Salut", "B1": ', "not_json"),
        ('["Salut"]', "not_an_object"),
        ('{"A1": "Salut"}', "wrong_keys"),
        ('{"A1": "Salut", "B1": 3}', "not_text"),
    ],
)
def test_unreadable_draft_gets_one_verdict(draft, reason):
    verdicts = judge(parse(draft, scenario(turns=2)), tuple(BY_NAME.values()))
    assert [verdict.reason for verdict in verdicts] == [reason]
    assert verdicts[0].evidence


def test_thresholds_can_be_overridden():
    strict = load_critics({"length": {"most_characters": 20}})
    verdicts = judge(dialogue(), strict)
    assert {verdict.reason for verdict in verdicts} == {None, "long_turn"}


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        ({"lenght": {}}, "no critic 'lenght'; known: format"),
        ({"length": {"most": 1}}, "no threshold 'most'; known: most_characters"),
        ({"length": {"most_characters": "many"}}, "'many' is not a number; give one such as 420"),
    ],
)
def test_wrong_overrides(overrides, complaint):
    with pytest.raises(ConfigurationError, match=complaint):
        load_critics(overrides)


def test_a_verdict_is_the_same_in_every_process():
    texts = [
        "En tant qu'IA, je ne peux pas.",
        "As an AI language model, no.",
        "How can I help you?",
    ]
    code = (
        "from crowdglot.critics import load_critics; from tests.builders import dialogue; "
        "from tests.critics.test_leak import overheard; "
        f"print(*(c.judge(one) for c in load_critics() for one in (dialogue({texts!r}), "
        "overheard())), sep='\\n')"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1


@pytest.mark.parametrize(
    ("texts", "relation", "reason"),
    [
        (("Hugo, tu viens ?", "Oui, Camille, j'arrive."), "friends", None),
        (("Je suis CAMILLE, enchantée.", "Moi, c'est Hugo."), "friends", "own_name"),
        (("Regarde, une camillette !", "Les hugolâtres sont là."), "friends", None),
    ],
)
def test_who_is_known_does_not_say_the_own_name(texts, relation, reason):
    assert BY_NAME["introduction"].judge(dialogue(texts, relation=relation)).reason == reason


def test_who_is_not_known_may_say_the_own_name():
    told = dialogue(("Je suis Camille, enchantée.", "Moi, c'est Hugo."))
    ground = replace(told.scenario.common_ground, knows="some")
    stranger = replace(told, scenario=replace(told.scenario, common_ground=ground))
    verdict = BY_NAME["introduction"].judge(stranger)
    assert (verdict.reason, verdict.score) == (None, None)


def test_a_word_of_the_situation_is_foreign_where_another_would_pass():
    """The prompt tells "carry boxes", and "alguns boxes" is no Portuguese."""
    said = ("Estou mudando de casa. Preciso da tua ajuda para mover alguns boxes.", "Claro!")
    plain = dialogue(said, "pt")
    about = {
        premise: replace(plain.scenario.common_ground, premise=premise)
        for premise in ("", "Diogo asks António to come and carry boxes.")
    }
    untold, told = (
        BY_NAME["foreign_words"].judge(
            replace(plain, scenario=replace(plain.scenario, common_ground=ground))
        )
        for ground in about.values()
    )
    assert untold.passed
    assert (told.reason, told.evidence) == ("foreign_word", "turn 1: boxes")
    assert told.score == untold.score > 1.0
