"""The prompt: what every one of them must hold, and must never hold."""

import json
import re

import pytest

from crowdglot.dialogues.demonstrations import DemonstrationPool
from crowdglot.dialogues.prompt import answer_schema, render, turn_keys
from crowdglot.dialogues.readers import read_demonstrations
from crowdglot.languages.identification import identify
from crowdglot.languages.language import packed_tags, resolve_language
from crowdglot.scenarios.event import event_names
from tests.builders import scenario
from tests.scenarios.test_plan import make_plan

ENGLISH = resolve_language("en")


@pytest.fixture(scope="module")
def pool():
    return DemonstrationPool(read_demonstrations("bundled"), seed=1, count=2, most_turns=8)


def prompts_of(tag, pool):
    plan = make_plan((tag,))
    return [
        render(plan.scenario(index), pool.for_block(index)) for index in range(len(plan.events))
    ]


@pytest.mark.parametrize("tag", packed_tags())
def test_no_prompt_holds_a_target_language_example_or_asks_for_a_translation(tag, pool):
    target = resolve_language(tag)
    for messages in prompts_of(tag, pool):
        roles = [message.role for message in messages]
        assert roles == ["system", *["user", "assistant"] * 2, "user"]
        # The answers are the only examples that a model gets; they are in the source language.
        for message in messages[1:-1]:
            if message.role == "assistant":
                turns = list(json.loads(message.content).values())
                assert identify("\n".join(turns), ENGLISH).probability > 0.9
            elif tag != "en":
                assert target.autonym not in message.content
        everything = "\n".join(message.content for message in messages).casefold()
        assert not re.search(r"translat|traduc|traduir|übersetz|翻译|翻訳|перев(ед|од)", everything)
        native = [
            name
            for community in target.pack.communities
            for name in (*community.feminine_names, *community.masculine_names, *community.towns)
        ]
        # In the last request, whole target-language sentences are the pack's one line only.
        request = messages[-1].content
        assert request.endswith(target.pack.instruction)
        others = [
            line.partition(": ")[2]
            for line in request.replace(target.pack.instruction, "").splitlines()
            if line.startswith(("What happens", "In common", "Kind of talk", "Form of address"))
        ]
        assert len(others) == 4
        for line in others:
            for name in native:
                line = line.replace(name, "Sam")
            assert identify(line, target).probability < 0.3 or tag == "en", line


def test_instruction_is_an_order_not_a_dialogue():
    for tag in packed_tags():
        instruction = resolve_language(tag).pack.instruction
        assert "\n" not in instruction
        assert ":" not in instruction
        assert len(instruction) < 200


def test_prefix_is_shared_within_a_block(pool):
    plan = make_plan(("fr",))
    first, second = (render(plan.scenario(i), pool.for_block(0)) for i in (0, 1))
    assert first[:-1] == second[:-1]
    assert first[-1] != second[-1]
    assert pool.for_block(0) != pool.for_block(1)


def test_keys_follow_the_order_of_speakers():
    assert turn_keys("ABAB") == ["A1", "B1", "A2", "B2"]
    assert turn_keys("ABCAC") == ["A1", "B1", "C1", "A2", "C2"]
    schema = answer_schema("ABA")
    assert schema["required"] == list(schema["properties"]) == ["A1", "B1", "A2"]
    assert schema["additionalProperties"] is False


def test_request_names_what_was_planned():
    asked = scenario("fr")
    request = render(asked)[-1].content
    for part in ("French (français)", "catching up", "Camille", "Hugo", "I am a nurse.", "friends",
                 "a café", "Sunday market", "shared a flat", "back in town", "'tu'",
                 "A1 B1 A2 B2 A3 B3"):  # fmt: skip
        assert part in request


def test_language_without_a_pack_is_asked_for_by_name():
    request = render(make_plan(("wo",), event_names()[:1]).scenario(0))[-1].content
    assert request.endswith("Write every turn in Wolof.")
    assert "speaker A" not in request.split("Facts")[0]


def test_braces_in_a_persona_are_text_not_template():
    from dataclasses import replace

    from crowdglot.personas.persona import Persona

    hostile = Persona(("I like {{ 7*7 }} and {% raw %}.",))
    asked = replace(scenario(), personas=(hostile, hostile))
    assert "{{ 7*7 }} and {% raw %}" in render(asked)[-1].content
