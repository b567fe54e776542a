"""The short form of the prompt, and demonstrations chosen by speech event."""

import json
from dataclasses import replace

from crowdglot.dialogues.demonstrations import DemonstrationPool
from crowdglot.dialogues.prompt import FORMS, lettered, render, template_hash
from crowdglot.dialogues.readers import read_demonstrations
from tests.builders import scenario

BUNDLED = read_demonstrations("bundled")


def test_it_tells_the_premise_and_no_persona():
    asked = scenario("fr", 6)
    *prefix, request = render(asked, BUNDLED[:2], "short")
    assert "Situation: A is back in town." in request.content
    assert "A is called Camille, B is called Hugo." in request.content
    everything = "\n".join(message.content for message in (*prefix, request))
    for persona in (*asked.personas, *(who for shown in BUNDLED[:2] for who in shown.personas)):
        assert not any(fact in everything for fact in persona.facts)
    assert asked.language.pack.instruction in request.content


def test_it_shows_as_many_turns_as_it_asks_for():
    for turns in (4, 6):
        messages = render(scenario("fr", turns), BUNDLED[:2], "short")
        answers = [json.loads(one.content) for one in messages if one.role == "assistant"]
        assert [len(answer) for answer in answers] == [turns, turns]


def test_three_speakers_and_a_language_without_names_can_be_asked_for():
    asked = scenario("fr", 6)
    three = replace(
        asked, personas=(*asked.personas, asked.personas[0]), names=("Ada", "Bea", "Cem"),
        order="ABCABC",
    )  # fmt: skip
    assert (
        "A is called Ada, B is called Bea, C is called Cem."
        in render(three, (), "short")[-1].content
    )
    nameless = replace(asked, names=("speaker A", "speaker B"))
    content = render(nameless, (), "short")[-1].content
    assert "is called" not in content
    assert "They are friends and talk face to face." in content


def test_names_become_letters_as_whole_words_only():
    assert lettered("Ana meets Anabel and 玉兰.", ("Ana", "玉兰")) == "A meets Anabel and B."


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
