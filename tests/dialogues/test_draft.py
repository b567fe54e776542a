"""Drafts: what is read, what is a fault."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdglot.critics import judge, load_critics
from crowdglot.dialogues.draft import parse, tidy
from tests.builders import scenario

GOOD = json.dumps({"A1": "Salut !", "B1": "Ça va ?"}, ensure_ascii=False)
OTHER = GOOD.replace("Salut", "Bonjour")


@pytest.mark.parametrize(
    ("draft", "around"),
    [
        (GOOD, ""),
        (f"\n {GOOD} \n", ""),
        (f"\ufeff{GOOD}", ""),
        (f"```json\n{GOOD}\n```", "fence"),
        (f"```\n{GOOD}\n```", "fence"),
        (f"```JSON\n{GOOD}\n```", "fence"),
        (f"~~~json5 {GOOD}~~~", "fence"),
        (f"```json\n{GOOD}", "fence"),
        (f"{GOOD}\n```", "fence"),
        (f"<think>\nHm, ```json?\n</think>\n\n{GOOD}", "thinking"),
        (f"Il faut {{A1}} ...\n</think>\n\n{GOOD}", "thinking"),
        (f"Il faut {OTHER}\n</think>\n\n```json\n{GOOD}\n```", "thinking, fence"),
        (f"<thinking>a</thinking>{GOOD}", "thinking"),
        (f"<seed:think>a</seed:think>{GOOD}", "thinking"),
        (f"[THINK]{OTHER}[/THINK]{GOOD}", "thinking"),
        (f"◁think▷a◁/think▷{GOOD}", "thinking"),
        (f"<|START_THINKING|>a<|END_THINKING|>{GOOD}", "thinking"),
        (f"<|channel>thought\na<channel|>{GOOD}", "thinking"),
        (
            "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final"
            f"<|message|>{GOOD}<|return|>",
            "thinking, token",
        ),
        (f"<think>{GOOD}", "thinking"),  # a template began the thinking, the model did not think
        (f"{GOOD}</think>", "thinking"),
        (f"{GOOD}<|im_end|>", "token"),
        (f"{GOOD}</s>", "token"),
        (f"{GOOD}<｜end▁of▁sentence｜>", "token"),
        (f"{GOOD}\n<end_of_turn>\n", "token"),
        (f"{GOOD} </s></s>", "token"),
        (f"```json\n{GOOD}\n```<|eot_id|>", "fence, token"),
        (f"<|start_header_id|>assistant<|end_header_id|>\n\n{GOOD}", "token"),
        (f"{GOOD}<|im_end|>\n<|im_start|>user\n{OTHER}", "token"),
        (f"<answer>{GOOD}</answer>", "token"),
        (f"Voici : {GOOD}", "prose"),
        (f"Voici le dialogue :\n\n```json\n{GOOD}\n```\nVoilà !", "prose"),
        (f"{GOOD}\n\nJ'ai respecté {{A1}}.", "prose"),
        (f"{{{GOOD}}}", "prose"),
        (GOOD.replace("}", ",}"), "last_comma"),
        (GOOD.replace("}", " ,\n }") + "</s>", "token, last_comma"),
        (GOOD.replace("Salut !", "Salut\n!"), "line_break"),
    ],
)
def test_what_has_one_reading_is_read_and_what_was_around_is_told(draft, around):
    dialogue = parse(draft, scenario(turns=2))
    assert dialogue.fault == ""
    texts = [(turn.speaker, turn.text.replace("\n", " ")) for turn in dialogue.turns]
    assert texts == [("A", "Salut !"), ("B", "Ça va ?")]
    assert ", ".join(dialogue.around) == around
    verdict = judge(dialogue, load_critics())[0]
    assert verdict.passed
    assert verdict.evidence == (f"read past {around}" if around else "")


def test_what_a_turn_says_is_not_taken_for_a_mark():
    said = {"A1": "Que veut dire </think> ?", "B1": "Et ```, et </s>, et {x,} ?"}
    dialogue = parse(json.dumps(said), scenario(turns=2))
    assert [turn.text for turn in dialogue.turns] == list(said.values())
    repaired = parse(json.dumps(said).replace('"}', '",}'), scenario(turns=2))
    assert [turn.text for turn in repaired.turns] == list(said.values())


@pytest.mark.parametrize(
    ("draft", "fault"),
    [
        ("", "not_json"),
        ("Je ne peux pas écrire cela.", "not_json"),
        (GOOD[:-3], "not_json"),
        (f"Voici : {GOOD[:-3]}", "not_json"),
        (GOOD[:-3] + '"' + " \n" * 700, "not_json"),  # blanks until its tokens are spent
        (GOOD.replace('"', "'"), "not_json"),
        (GOOD + GOOD, "several_objects"),
        (f"Première version : {OTHER}\nMeilleure : {GOOD}", "several_objects"),
        ("<think>Il faut écrire", "only_thinking"),
        (f"<think>Il faut {OTHER}, puis", "only_thinking"),
        ("<think>Il faut</think>", "only_thinking"),
        ("<|channel|>analysis<|message|>We need", "only_thinking"),
        ("null", "not_an_object"),
        ("```json\n[1]\n```", "not_an_object"),
        ('{"B1": "x", "A1": "y"}', "wrong_keys"),
        ('{"A1": "x", "B1": "y", "A2": "z"}', "wrong_keys"),
        ('{"A1": "x", "A1": "z", "B1": "y"}', "wrong_keys: 3 turns instead of 2, see ['A1']"),
        ('{"A1": "x", "B1": null}', "not_text"),
        ('{"A1": "x", "B1": {"B1": "y"}}', "not_text"),
        ("[" * 100_000, "not_json"),
        ('{"A1": 1' + "0" * 5000 + "}", "not_json"),
    ],
)
def test_a_fault_has_a_name(draft, fault):
    dialogue = parse(draft, scenario(turns=2))
    assert dialogue.turns == ()
    assert dialogue.fault.startswith(fault)
    assert len(dialogue.fault) < 250


@pytest.mark.parametrize(
    "hostile",
    [
        "{" + " " * 400_000 + "x", '"\\' + '\\"' * 200_000, "```" * 130_000, '{"a":' * 80_000,
        '{"' * 200_000, "<|x|>" * 80_000, "</think>" * 50_000, "<|channel|>final " * 24_000,
        ", " * 200_000, '{"a": "' + "{" * 400_000, '{"a": "' + "\\" * 400_001,
    ],
)  # fmt: skip
def test_reading_takes_time_in_proportion_to_the_length(hostile):
    # In proportion to its square, each would take minutes.
    assert parse(hostile, scenario(turns=2)).fault.startswith("not_json")


def test_turns_are_tidied():
    assert tidy("  C\u0327a \t va  ") == "Ça va"
    assert tidy("un \ud83d deux") == "un \ufffd deux"
    assert tidy(" un \t\n \u00a0deux\u200b ") == "un \n deux"
    assert tidy("\ud83d\ude42") == "🙂"


@given(st.text())
def test_no_draft_raises(draft):
    parse(draft, scenario(turns=2))
