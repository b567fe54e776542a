"""The contract of every way of writing: pure, never at a loss, done in time, fit to be sent."""

import json
import pickle
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.interview import Asked
from crowdglot.dialogues.ways import WAYS, build_way
from crowdglot.errors import ConfigurationError
from tests.builders import FRENCH, scenario, shown

SHOWN = (shown("Hey there, how are you?", "Fine, I walked my dogs in the park."),)


@st.composite
def answers_of(draw, way, asked_for):
    """Answers up to the dialogue; each any text at all, or what the question's schema asks for."""
    answers = []
    while isinstance(asked := way.next(asked_for, SHOWN, tuple(answers)), Asked):
        assert len(answers) < way.most_calls(asked_for), "asks more than most_calls"
        keys = (asked.schema or {}).get("required", ())
        fitting = st.fixed_dictionaries({key: st.text() for key in keys}).map(json.dumps)
        answers.append(draw(st.text() | fitting | st.sampled_from(FRENCH)))
    return tuple(answers)


@pytest.mark.parametrize("name", WAYS)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), turns=st.integers(2, 12))
def test_a_way_is_pure_and_ends_in_a_dialogue_whatever_is_answered(name, data, turns):
    way, asked_for = build_way(name), scenario(turns=turns)
    answers = data.draw(answers_of(way, asked_for))
    assert 1 <= len(answers) <= way.most_calls(asked_for)
    for count in range(len(answers) + 1):
        first = way.next(asked_for, SHOWN, answers[:count])
        assert first == way.next(asked_for, SHOWN, list(answers[:count]))
        assert first == build_way(name).next(asked_for, SHOWN, answers[:count])
        assert isinstance(first, Dialogue if count == len(answers) else Asked)
    assert first.scenario == asked_for
    assert first.demonstrations == SHOWN
    assert bool(first.turns) != bool(first.fault)


@pytest.mark.parametrize("name", WAYS)
def test_a_way_reads_what_its_schema_asks_for(name):
    way, asked_for = build_way(name), scenario()
    answers = []
    while isinstance(asked := way.next(asked_for, SHOWN, answers), Asked):
        assert asked.messages[-1].role == "user"
        keys = (asked.schema or {}).get("required", ())
        told = {key: f"Oui, {key}, {len(answers)}." for key in keys}
        answers.append(json.dumps(told) if keys else FRENCH[0])
    assert asked.fault == ""
    assert "".join(turn.speaker for turn in asked.turns) == asked_for.order


@pytest.mark.parametrize("name", WAYS)
def test_a_way_and_its_questions_can_be_sent_to_another_process(name):
    way, asked_for = build_way(name), scenario()
    sent = pickle.loads(pickle.dumps(way))
    asked = sent.next(asked_for, SHOWN, ())
    assert asked == way.next(asked_for, SHOWN, ())
    assert pickle.loads(pickle.dumps(asked)) == asked


def test_a_way_is_named_after_its_module():
    for name, target in WAYS.items():
        module, cls = target.split(":")
        if module.startswith("tests."):
            continue  # other tests bring ways of their own
        assert module == f"crowdglot.dialogues.ways.{name}"
        assert hasattr(import_module(module), cls)
    with pytest.raises(ConfigurationError, match=r"way: 'slow' is unknown; choose one of whole"):
        build_way("slow")
