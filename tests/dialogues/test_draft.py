"""Drafts: what is read, what is a fault."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdglot.dialogues.draft import parse, tidy
from tests.builders import scenario

GOOD = json.dumps({"A1": "Salut !", "B1": "Ça va ?"}, ensure_ascii=False)


@pytest.mark.parametrize(
    "draft",
    [
        GOOD,
        f"\n {GOOD} \n",
        f"```json\n{GOOD}\n```",
        f"```\n{GOOD}\n```",
        f"<think>\nHm, ```json?\n</think>\n\n{GOOD}",
    ],
)
def test_an_answer_is_read(draft):
    dialogue = parse(draft, scenario(turns=2))
    assert dialogue.fault == ""
    assert [(turn.speaker, turn.text) for turn in dialogue.turns] == [
        ("A", "Salut !"), ("B", "Ça va ?"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("draft", "fault"),
    [
        ("", "not_json"),
        (f"Voici : {GOOD}", "not_json"),
        (GOOD + GOOD, "not_json"),
        (GOOD[:-3], "not_json"),
        ("null", "not_an_object"),
        ('{"B1": "x", "A1": "y"}', "wrong_keys"),
        ('{"A1": "x", "B1": "y", "A2": "z"}', "wrong_keys"),
        ('{"A1": "x", "B1": null}', "not_text"),
        ("[" * 100_000, "not_json"),
    ],
)
def test_a_fault_has_a_name(draft, fault):
    dialogue = parse(draft, scenario(turns=2))
    assert dialogue.turns == ()
    assert dialogue.fault.startswith(fault)
    assert len(dialogue.fault) < 250


def test_turns_are_tidied():
    assert tidy("  C\u0327a \t va  ") == "Ça va"
    assert tidy("un \ud83d deux") == "un \ufffd deux"
    assert tidy(" un \t\n \u00a0deux\u200b ") == "un \n deux"
    assert tidy("\ud83d\ude42") == "🙂"


@given(st.text())
def test_no_draft_raises(draft):
    parse(draft, scenario(turns=2))
