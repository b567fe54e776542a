"""The real files, read whole."""

from pathlib import Path

import pytest

from crowdglot.dialogues.readers import personas_of, read_demonstrations, sniff

XPERSONA = {"En": 1000, "Fr": 248, "Id": 484, "It": 140, "Jp": 275, "Ko": 299, "Zh": 222}


@pytest.mark.parametrize(("language", "count"), XPERSONA.items())
def test_xpersona(data_folder: Path, language: str, count: int) -> None:
    (path,) = (data_folder / "xpersona").glob(f"{language}_*.json")
    assert sniff(path) == "xpersona"
    demonstrations = read_demonstrations(str(path))
    assert len(demonstrations) == count
    for demonstration in demonstrations:
        speakers = "".join(turn.speaker for turn in demonstration.turns)
        assert speakers == ("AB" * len(speakers))[: len(speakers)]
        assert sum(persona is not None for persona in demonstration.personas) == 1
        assert not any("SILENCE" in turn.text for turn in demonstration.turns)


def test_english_xpersona_begins_with_the_owner_of_the_persona(data_folder: Path) -> None:
    path = data_folder / "xpersona" / "En_persona_valid.json"
    demonstrations = read_demonstrations(str(path))
    assert all(d.personas[0] and d.personas[1] is None for d in demonstrations)
    first = demonstrations[0]
    assert first.personas[0] is not None
    assert first.personas[0].facts[0] == "I'm a nurse."
    assert first.turns[0].text == "Hey there! I'm just taking a break from baking. Whats up?"
    assert len(personas_of(demonstrations)) == 999


def test_synthetic_persona_chat(data_folder: Path) -> None:
    path = data_folder / "synthetic-persona-chat" / "Synthetic-Persona-Chat_valid.csv"
    demonstrations = read_demonstrations(str(path))
    assert 600 <= len(demonstrations) <= 669
    assert all(all(demonstration.personas) for demonstration in demonstrations)
    assert not any("[" in turn.text for d in demonstrations for turn in d.turns)


def test_parlai(data_folder: Path) -> None:
    path = data_folder / "parlai-personachat" / "valid_both_original.head.txt"
    first, second = read_demonstrations(str(path))
    assert first.personas[1] is not None
    assert first.personas[1].facts[0] == "I read twenty books a year."
    assert [len(first.turns), len(second.turns)] == [16, 14]
    assert second.turns[-1].text.endswith("I like classic country.")
