"""What a row says that the model was told is what its prompts hold, in every way and form."""

import json
from dataclasses import replace
from typing import get_args

import pytest

from crowdglot.critics import load_critics
from crowdglot.critics.judges import Opinion
from crowdglot.critics.judges.persona import PersonaJudge
from crowdglot.critics.recital import Recital
from crowdglot.dialogues.dialogue import Turn
from crowdglot.dialogues.interview import Asked
from crowdglot.dialogues.prompt import PARTS
from crowdglot.dialogues.ways import WAYS, WaySettings, build_way
from crowdglot.personas.persona import NOBODY, Persona
from crowdglot.personas.traits import Trait
from crowdglot.scenarios.debate import Debate
from crowdglot.scenarios.scene import Scene
from crowdglot.writing.recipe import Form
from tests.builders import dialogue, scenario

# By the name of a part the words that stand for it in a prompt, and in nothing else.
MARKS = {
    "personas": "I tame", "speech_event": "Kind of talk", "relation": "second cousins",
    "place": "a lighthouse", "time": "at low tide", "channel": "by heliograph",
    "communal": "the herring fair", "personal": "a stolen boat", "premise": "a whale",
    "knows": "know each other well", "words": "ouistiti", "scene": "jubilant", "debate": "Soup",
}  # fmt: skip
PEOPLE = (
    Persona(("I tame owls.",), (Trait("catchphrase", "ouistiti", "fr"),)),
    Persona(("I tame newts.",)),
)
FORMS = get_args(Form)


def marked(known=True, people=PEOPLE):
    """A scenario with a mark of its own in every part."""
    asked = scenario()
    ground = {name: MARKS[name] for name in PARTS if name in MARKS and name != "knows"}
    ground = {name: text for name, text in ground.items() if hasattr(asked.common_ground, name)}
    return replace(
        asked, common_ground=replace(asked.common_ground, knows="most", **ground),
        personas=people, scene=Scene("A", "jubilant"), debate=Debate("Soup fills.", "A", known),
    )  # fmt: skip


def prompts(way, asked):
    """All messages of one draft; each answer holds what its schema wants."""
    answers, texts = [], []
    while isinstance(question := way.next(asked, (), answers), Asked):
        texts += [message.content for message in question.messages if message.role == "user"]
        fields = question.schema["properties"].items()
        told = {
            name: kind.get("enum", [f"says {name} {'abcdefghijklmnop'[len(answers)]}"])[0]
            for name, kind in fields
        }
        answers.append(json.dumps(told))
    assert question.turns, question.fault
    return "\n".join(texts)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("known", [True, False])
def test_what_is_said_to_be_told_stands_in_the_prompts_and_nothing_else(way, form, known):
    made, asked = build_way(way, WaySettings(form)), marked(known)
    text, told = prompts(made, asked), made.told(asked)
    assert sorted(told) == sorted(name for name, mark in MARKS.items() if mark in text)
    if form == "short":
        known_here = way == "debate" and known
        assert ("personas" in told) == known_here and "speech_event" not in told


@pytest.mark.parametrize("way", WAYS)
def test_without_personas_none_is_told(way):
    told = build_way(way).told(marked(people=(NOBODY, NOBODY)))
    assert "personas" not in told and "words" not in told and "premise" in told


def test_nobody_is_looked_for_who_was_not_told():
    said = dialogue()
    planned = said.scenario.personas
    assert replace(said, told=("premise",)).personas == (NOBODY, NOBODY)
    assert replace(said, told=("personas",)).personas == said.personas == planned
    untold = replace(said, told=("premise",))
    assert PersonaJudge().next(untold, ()) == Opinion(None, "no persona is told")
    recited = replace(said, turns=(Turn("A", " ".join(planned[0].facts)), *said.turns[1:]))
    recital = next(one for one in load_critics() if isinstance(one, Recital))
    assert recital.judge(recited).reason == "recited_persona"
    assert recital.judge(replace(recited, told=("premise",))).reason != "recited_persona"
