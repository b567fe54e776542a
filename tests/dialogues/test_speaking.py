"""A speaker is told its own side, and of the other's what it may know."""

import json
from dataclasses import replace

import pytest

from crowdglot.dialogues.interview import Asked
from crowdglot.dialogues.ways import WaySettings, build_way
from crowdglot.languages.identification import identify
from crowdglot.languages.language import resolve_language
from crowdglot.personas.persona import Persona
from crowdglot.scenarios.debate import Debate
from tests.builders import BAKER, FRENCH, NURSE, scenario, shown

CLERK = Persona(("I work nights at a hotel.", "I learn the accordion."))
SHOWN = (
    shown(
        "Hey there, how are you?",
        "Fine, I walked my dogs.",
        "Which of the dogs did you take along?",
        "All six.",
    ),
)


def on_ground(**changes):
    asked = scenario()
    return replace(asked, common_ground=replace(asked.common_ground, **changes))


def questions(way, asked_for, turns, **beside):
    """The questions of the way, each but the last answered with a turn."""
    answers, asked = [], []
    while len(asked) <= len(turns):
        question = way.next(asked_for, SHOWN, answers)
        assert isinstance(question, Asked)
        asked.append(question)
        if len(answers) < len(turns):
            told = {"turn": turns[len(answers)]} | beside
            answers.append(json.dumps(told, ensure_ascii=False))
    return asked


def told(question):
    """All that the question says of the scenario, without the demonstrations."""
    messages = question.messages[1 + 4 :]
    return "\n".join(message.content for message in messages)


@pytest.mark.parametrize(("knows", "known"), [("none", 0), ("some", 2), ("most", 3)])
def test_of_the_other_it_knows_what_the_common_ground_says(knows, known):
    asked_for = on_ground(knows=knows)
    first, second = questions(build_way("self_play"), asked_for, FRENCH[:1], settled="no")
    for question, own, other in ((first, NURSE, BAKER), (second, BAKER, NURSE)):
        text = told(question)
        assert all(fact in text for fact in own.facts)
        assert [fact in text for fact in other.facts] == [number < known for number in range(3)]


@pytest.mark.parametrize(
    ("form", "event", "ground"),
    [
        ("full", True, True), ("personas", False, False), ("personas_and_event", True, False),
        ("personas_and_ground", False, True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("way", ["whole", "self_play"])
def test_a_form_may_leave_out_the_event_or_the_ground(way, form, event, ground):
    asked = build_way(way, WaySettings(form)).next(scenario(), SHOWN, [])
    text = "\n".join(message.content for message in asked.messages)
    assert "I am a nurse." in text
    assert ("Kind of talk: catching up" in text) == event
    assert ("Camille is back in town." in text) == ("They shared a flat." in text) == ground
    assert ("Form of address" in text) == ground
    if way == "self_play":
        assert ("I bake bread for a living." in text) == ground, "known by the common ground"
    else:
        system = asked.messages[0].content
        assert ("the kind of talk" in system, "the situation." in system) == (event, ground)


def test_a_stranger_has_no_name():
    premise = "Camille waits. Hugo asks Camille for a light."
    first, second = questions(
        build_way("self_play"), on_ground(knows="none", premise=premise), FRENCH[:1], settled="no"
    )
    assert "Hugo" not in told(first)
    assert "Camille waits. The other person asks Camille for a light." in told(first)
    assert "Camille" not in told(second)
    assert f"The other person: {FRENCH[0]}" in told(second)


def test_its_own_turns_are_the_assistants_and_it_hears_the_others():
    *_, last = questions(build_way("self_play"), scenario(), FRENCH[:3], settled="no")
    shown_turn = {"turn": "Hey there, how are you?", "settled": "no"}
    assert json.loads(last.messages[2].content) == shown_turn
    assert [message.role for message in last.messages[5:]] == ["user", "assistant", "user"]
    assert json.loads(last.messages[-2].content) == {"turn": FRENCH[1], "settled": "no"}
    assert f"Camille: {FRENCH[0]}" in last.messages[-3].content
    assert last.messages[-1].content.startswith(f"Camille: {FRENCH[2]}")
    assert last.messages[-1].content.endswith("(You are Hugo. Answer in French.)")


@pytest.mark.parametrize("way", ["outlined", "self_play", "sessions", "debate"])
@pytest.mark.parametrize("form", ["full", "short"])
def test_no_prompt_holds_a_target_language_example(way, form):
    question = build_way(way, WaySettings(form)).next(scenario(), SHOWN, ())
    english = resolve_language("en")
    for message in question.messages:
        if message.role == "assistant":
            text = "\n".join(json.loads(message.content).values())
            assert identify(text, english).probability > 0.9
        elif message.role == "system":
            assert "translat" not in message.content
    last = question.messages[-1].content
    assert ("I am a nurse." in last) == (form == "full")
    assert "{" not in last
    assert len(question.messages) == (2 if way == "outlined" else 6)


@pytest.mark.parametrize("known", [True, False])
def test_a_side_knows_the_others_traits_where_the_trial_says_so(known):
    debated = replace(on_ground(), debate=Debate("Soup is a whole meal.", "B", known))
    first, second = questions(build_way("debate"), debated, FRENCH[:1])
    for question, own, other in ((first, NURSE, BAKER), (second, BAKER, NURSE)):
        text = told(question)
        assert "You argue over this: Soup is a whole meal." in text
        assert all(fact in text for fact in own.facts)
        assert all((fact in text) == known for fact in other.facts)
        assert ("Never mention any of it" in text) == known
    assert "You are against it" in told(first)
    assert "You are for it" in told(second)
    assert "This is your opening" in first.messages[-1].content
    assert "This is your opening" in second.messages[-1].content


def test_a_speaker_reads_its_own_memories_only():
    way = build_way("sessions", WaySettings(sessions=2))
    asked_for, answers = scenario(), [json.dumps({"turn": text, "memory": ""}) for text in FRENCH]
    notes = [
        json.dumps({"summary": f"{who} talked.", "fact_1": f"{who} heard.", "fact_2": "",
                    "mood": f"{who} smiles."})
        for who in ("Anna", "Bert")
    ]  # fmt: skip
    before = [*answers[:3], *notes]
    fourth = way.next(asked_for, SHOWN, before)
    fifth = way.next(asked_for, SHOWN, [*before, json.dumps({"turn": "Re.", "memory": "B2"})])
    assert fourth.schema["properties"]["memory"]["enum"][:3] == ["", "B1", "B2"]
    assert fifth.schema["properties"]["memory"]["enum"][:3] == ["", "A1", "A2"]
    assert "You remember (B1): Bert talked." in told(fourth)
    assert "Anna" not in told(fourth)
    assert "You remember (A2): Anna heard." in told(fifth)
    assert "Bert" not in told(fifth)
    assert FRENCH[0] not in told(fifth)  # what was said on another day is only remembered


@pytest.mark.parametrize("way", ["self_play", "sessions"])
def test_of_three_each_hears_the_others_and_answers_when_it_is_its_turn(way):
    asked_for = replace(
        scenario(), personas=(NURSE, BAKER, CLERK), names=("Camille", "Hugo", "Inès"),
        order="ABCABC",
    )  # fmt: skip
    way, answers = build_way(way), []
    while isinstance(asked := way.next(asked_for, SHOWN, answers), Asked):
        heard = told(asked)
        if len(answers) == 2:
            assert f"Camille: {FRENCH[0]}\n\nHugo: {FRENCH[1]}" in heard
            assert "You talk with Camille, who says: I am a nurse." in heard
        keys = asked.schema["properties"]
        turn = {"turn": FRENCH[len(answers) % 6]}
        answers.append(
            json.dumps({key: turn.get(key, kind.get("enum", ["Well."])[0])
                        for key, kind in keys.items()})
        )  # fmt: skip
    assert len(answers) == way.most_calls(asked_for)
    assert [turn.speaker for turn in asked.turns] == list("ABCABC")
