"""Judges and people: figures, trials, and whether a judge is believed after them."""

import json

import pytest

from crowdglot.critics.judges.asking import template_hash
from crowdglot.critics.judges.belief import believed_judges
from crowdglot.datasets.browse.against_people import (
    against_people,
    decided_rows,
    write_people_trials,
)
from crowdglot.datasets.browse.index import Index
from crowdglot.errors import ConfigurationError
from tests.builders import FRENCH
from tests.datasets.browse.dataset import verdict
from tests.datasets.browse.test_withdrawing import rating
from tests.datasets.report.dataset import row, write_dataset

MODEL = {"models": {"judge": {"model": "a-judge"}}, "engine": {"model": "a-writer"}}


def judged(folder, score):
    """Forty rows, of which people accept every second; ``score`` by the judge."""
    rows = [
        row(n, (f"Numéro {n}.", *FRENCH), verdicts=[verdict("sense", score(n)),
            verdict("repetition", float(n % 2))]) for n in range(40)
    ]  # fmt: skip
    write_dataset(folder, rows, **MODEL)
    said = [rating(one, decision="reject" if n % 2 else "accept", withdraw=False)
            for n, one in enumerate(rows)]  # fmt: skip
    return Index(folder), said


def believed(path):
    return believed_judges(["sense"], ["fr"], str(path), "a-judge")[0]


def trial(**changes):
    fields = {"critic": "sense", "model": "a-judge", "prompt": template_hash("sense"),
              "language": "fr", "damage": "mixed", "auc": 0.9, "low": 0.85, "high": 0.95,
              "threshold": 0.4}  # fmt: skip
    return fields | changes


def test_a_judge_that_people_bear_out_is_believed(tmp_path):
    index, said = judged(tmp_path / "d", lambda n: 0.2 if n % 2 else 0.9)
    figures = {one.critic: one for one in against_people(index, decided_rows(index, said))}
    sense = figures["sense"]
    assert (sense.trial.auc, sense.good, sense.bad) == (1, 20, 20)
    assert figures["repetition"].trial.auc == 1  # of it a low score is good
    assert sense.agreed == 0.5  # it rejects nothing
    path = tmp_path / "trials.json"
    [told] = write_people_trials(path, index, said)
    assert (told.model, told.damage, told.low) == ("a-judge", "people", 1)
    assert believed(path).least == {"fr": pytest.approx(0.9)}


def test_a_judge_that_people_refute_is_not_believed_whatever_damage_says(tmp_path):
    index, said = judged(tmp_path / "d", lambda n: (n * 7 % 40) / 40)
    path = tmp_path / "trials.json"
    path.write_text(json.dumps([trial()]))
    assert believed(path).least == {"fr": 0.4}
    write_people_trials(path, index, said)
    assert believed(path).least == {}
    assert "against 'people' is below the bar of 0.8" in believed(path).doubts["fr"]
    assert len(json.loads(path.read_text())) == 2
    write_people_trials(path, index, said)  # again: replaced, not added
    assert len(json.loads(path.read_text())) == 2


def test_people_who_leave_it_open_change_nothing(tmp_path):
    path = tmp_path / "trials.json"
    path.write_text(json.dumps([trial(), trial(damage="people", auc=0.75, low=0.6, high=0.88)]))
    assert believed(path).least == {"fr": 0.4}


def test_too_few_dialogues_make_no_trial(tmp_path):
    index, said = judged(tmp_path / "d", lambda n: n / 40)
    for few in (said[:19], said[::2]):
        assert write_people_trials(tmp_path / "t.json", index, few) == []
    assert against_people(index, decided_rows(index, [])) == []


def test_ratings_of_a_dialogue_that_changed_do_not_count(tmp_path):
    index, said = judged(tmp_path / "d", lambda n: n / 40)
    other = [rating(row(1, ("Autre chose.", *FRENCH)))]
    assert len(decided_rows(index, said)) == 40
    assert len(decided_rows(index, other)) == 0


def test_a_file_that_is_no_list_of_trials_is_left_alone(tmp_path):
    index, said = judged(tmp_path / "d", lambda n: n / 40)
    path = tmp_path / "trials.json"
    path.write_text("precious")
    with pytest.raises(ConfigurationError, match=r"trials\.json"):
        write_people_trials(path, index, said)
    assert path.read_text() == "precious"
