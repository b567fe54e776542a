"""Trials of critics on damaged human dialogues: the damage, the figures, and bad input."""

import json
import os
from dataclasses import asdict

import numpy as np
import pytest
from typer.testing import CliRunner

from crowdglot.command.app import app
from crowdglot.critics.calibration.damage import DAMAGES, damaged
from crowdglot.critics.calibration.trials import Trial, try_critics
from crowdglot.critics.judges.belief import read_trials
from crowdglot.draws import Draws
from crowdglot.engines.embedding.bundled import missing
from crowdglot.errors import ConfigurationError, MaterialError, StorageError
from crowdglot.statistics import auc
from tests.builders import FRENCH, dialogue

OTHER = tuple(f"Autre tour numéro {number}." for number in range(6))
GERMAN = ("Guten Morgen, wie geht es dir heute?", "Danke, ganz gut, und selbst?")
with_model = pytest.mark.skipif(bool(missing()), reason=missing() or "the model is here")


def hurt(kind, texts=FRENCH):
    found = damaged(dialogue(texts), kind, dialogue(OTHER), dialogue(GERMAN, "de"), Draws(1, kind))
    return None if found is None else [turn.text for turn in found.turns]


def test_each_damage_does_what_it_says():
    assert hurt("mixed") == [OTHER[n] if n % 2 else FRENCH[n] for n in range(6)]
    assert hurt("shuffled") != list(FRENCH) and sorted(hurt("shuffled")) == sorted(FRENCH)
    assert len(set(hurt("strangers")) & set(OTHER)) == 2
    assert len(set(hurt("repeated"))) == 5
    assert len(set(hurt("foreign")) & set(GERMAN)) == 1
    for kind in DAMAGES:
        assert hurt(kind) == hurt(kind), kind


def test_a_dialogue_too_short_for_a_damage_is_left_out():
    two = FRENCH[:2]
    assert hurt("mixed", two) is not None
    assert hurt("foreign", two) is not None
    assert [hurt(kind, two) for kind in ("shuffled", "strangers", "repeated")] == [None] * 3
    assert hurt("shuffled", ("Oui.",) * 6) is None
    assert damaged(dialogue(FRENCH), "foreign", dialogue(OTHER), None, Draws(1)) is None


def test_auc_counts_ties_half():
    assert auc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.0
    assert auc(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 0.0
    assert auc(np.array([1.0, 1.0]), np.array([1.0])) == 0.5


def human(folder, count):
    folder.mkdir()
    turns = [f"{text} {number}" for number in range(count) for text in FRENCH]
    records = [
        {
            "persona": ["j'ai deux chiens."],
            "dialogue": [list(turns[at * 6 + pair : at * 6 + pair + 2]) for pair in (0, 2, 4)],
        }
        for at in range(count)
    ]
    (folder / "Fr_persona.json").write_text(json.dumps(records, ensure_ascii=False), "utf-8")
    return folder


@with_model
def test_trials_of_a_folder(tmp_path):
    trials = try_critics(human(tmp_path / "human", 24), most_turns=6)
    told = {(trial.critic, trial.damage): trial for trial in trials}
    shuffled = told["coherence", "shuffled"]
    assert shuffled.dialogues == 24
    assert shuffled.low <= shuffled.auc <= shuffled.high
    assert shuffled.auc > 0.6
    assert told["repetition", "repeated"].auc > 0.9
    assert ("coherence", "foreign") not in told  # there is no other language


def test_too_few_dialogues_are_told(tmp_path):
    with pytest.raises(MaterialError, match="at least 20 dialogues"):
        try_critics(human(tmp_path / "human", 3))


def test_the_command_writes_trials_and_says_where_it_cannot(tmp_path, monkeypatch):
    made = [Trial("coherence", "fr", "mixed", 20, 0.9, 0.8, 1.0, 0.1, 0.5, 0.0, 0.5, 0.01)]
    monkeypatch.setattr("crowdglot.critics.calibration.trials.try_critics", lambda *_, **__: made)
    line = ["calibrate", str(human(tmp_path / "human", 1)), "--judges", "--output"]
    assert CliRunner().invoke(app, [*line, str(tmp_path / "made" / "t.json")]).exit_code == 0
    assert read_trials(tmp_path / "made" / "t.json") == [asdict(one) for one in made]
    told = CliRunner().invoke(app, [*line, str(tmp_path / "made" / "t.json" / "below")]).exception
    assert isinstance(told, StorageError) and "cannot be written" in str(told)


@pytest.mark.parametrize("figure", ["9" * 400, "9" * 5_000, "true", '"0.9"', "[" * 5_000])
def test_a_trial_of_a_stranger_is_one_sentence(figure, tmp_path):
    path = tmp_path / "t.json"
    one = asdict(Trial("sense", "fr", "mixed", 20, 0.9, 0.8, 1.0, 0.1, 0.5, 0.0, 0.5, 0.01))
    path.write_text(json.dumps([one]).replace("0.9", figure))
    with pytest.raises(ConfigurationError, match="is no list of trials"):
        read_trials(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ConfigurationError, match="no regular file"):
        read_trials(path)
