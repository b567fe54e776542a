"""The short form of the prompt, and demonstrations chosen by speech event."""

import json
from dataclasses import replace

import pytest

from crowdglot.critics import load_critics
from crowdglot.critics.artefacts import Artefacts
from crowdglot.dialogues.demonstrations import DemonstrationPool
from crowdglot.dialogues.draft import parse
from crowdglot.dialogues.prompt import FORMS, render, template_hash
from crowdglot.dialogues.prompt.letters import lettered, named
from crowdglot.dialogues.readers import read_demonstrations
from tests.builders import scenario
from tests.writing.builders import make_opened

BUNDLED = read_demonstrations("bundled")


def test_it_tells_the_premise_and_no_persona():
    asked = scenario("fr", 6)
    *prefix, request = render(asked, BUNDLED[:2], "short")
    assert "Situation: A is back in town." in request.content
    assert not any(name in request.content for name in asked.names)
    everything = "\n".join(message.content for message in (*prefix, request))
    for persona in (*asked.personas, *(who for shown in BUNDLED[:2] for who in shown.personas)):
        assert not any(fact in everything for fact in persona.facts)
    assert asked.language.pack.instruction in request.content


def test_it_shows_as_many_turns_as_it_asks_for():
    for turns in (4, 6):
        messages = render(scenario("fr", turns), BUNDLED[:2], "short")
        answers = [json.loads(one.content) for one in messages if one.role == "assistant"]
        assert [len(answer) for answer in answers] == [turns, turns]


@pytest.mark.parametrize(
    ("channel", "told"),
    [("face to face", "face to face"), ("phone", "on the phone"), ("chat", "in a chat")],
)
def test_it_says_how_they_talk(channel, told):
    asked = scenario("fr", 6)
    asked = replace(asked, common_ground=replace(asked.common_ground, channel=channel))
    assert f"They are friends and talk {told}." in render(asked, (), "short")[-1].content


def test_names_become_letters_as_whole_words_only():
    assert lettered("Ana meets Anabel and 玉兰.", ("Ana", "玉兰")) == "A meets Anabel and B."


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Salut B !", "Salut Hugo !"), ("Bonjour toi, B !", "Bonjour toi, Hugo !"),
        ("B, tu viens ?", "Hugo, tu viens ?"), ("Oui. Et toi, B?", "Oui. Et toi, Hugo?"),
        ("C'est le plan B.", "C'est le plan B."), ("Moi, A, je reste.", "Moi, A, je reste."),
        ("De la vitamine C, non ?", "De la vitamine C, non ?"),
    ],
)  # fmt: skip
def test_a_speaker_who_is_called_by_the_letter_gets_the_name(said, read):
    asked = scenario("fr", 2)
    answer = json.dumps({"A1": said, "B1": "Bonjour A, ça va."})
    turns = named(parse(answer, asked)).turns
    assert [turn.text for turn in turns] == [read, "Bonjour Camille, ça va."]


@pytest.mark.parametrize("said", ["Bonjour B, ça va ?", "¿B? Ven.", "Alors ; B, tu viens ?"])
def test_what_would_be_named_is_an_artefact_where_nothing_names_it(said):
    answer = json.dumps({"A1": said, "B1": "Oui, ça va."})
    read = parse(answer, scenario("fr", 2))
    artefacts = next(one for one in load_critics() if isinstance(one, Artefacts))
    assert artefacts.judge(read).reason == "letter"
    assert artefacts.judge(named(read)).passed
    hesitates = parse(json.dumps({"A1": "B… bonjour.", "B1": "Oui."}), scenario("fr", 2))
    assert named(hesitates) == hesitates


def test_casting_reads_the_situation_that_is_told(tmp_path):
    chosen = ("prompt=short", "personas.source=profiles", "personas.casting=fitting")
    opened = make_opened(tmp_path, *chosen, "events=making_plans")
    grounds = opened.plan.events[0].common_grounds
    assert all(one.plain and one.plain in one.told for one in grounds)


def test_each_form_has_a_hash_of_its_own():
    assert len({template_hash(form) for form in FORMS}) == len(FORMS) == 5


def test_demonstrations_of_the_event_come_first_and_stand_last():
    pool = DemonstrationPool(BUNDLED, seed=3, count=2, most_turns=6)
    for event in ("complaining", "making_plans"):
        chosen = pool.for_event(event)
        assert chosen[-1].event == event
        assert chosen == DemonstrationPool(BUNDLED, seed=3, count=2, most_turns=6).for_event(event)
    assert len(set(pool.for_event("lecture"))) == 2
    # Only what the source holds is ever shown: never a text in a target language.
    assert {shown.id for shown in pool.for_event("gossip")} <= {shown.id for shown in pool.all}
