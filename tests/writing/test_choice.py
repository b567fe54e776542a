"""Best of k: by ranks within a scenario, crash-safe, and the others kept as surplus."""

import pyarrow as pa
import pytest

from crowdglot.datasets.record import SCHEMA
from crowdglot.engines.embedding.bundled import missing
from crowdglot.errors import ConfigurationError
from crowdglot.writing.judging import Judged
from crowdglot.writing.shards.choice import best
from tests.datasets.report.dataset import row
from tests.writing.builders import Canned, good, make_opened, rows_of, stop_anywhere, write

with_model = pytest.mark.skipif(bool(missing()), reason=missing() or "the model is here")
FOUR = ("languages=fr", "dialogues_per_language=4", "shard_size=2", "meaning=bundled",
        "choice.candidates=3", "max_attempts=6", "critics.coherence.least_4=-99",
        "critics.coherence.least_6=-99", "critics.premise.least=-1")  # fmt: skip


def judged(scores, passed=True):
    verdicts = [
        {"critic": name, "reason": None, "evidence": "", "score": score}
        for name, score in scores.items()
    ]
    table = pa.Table.from_pylist([row(0) | {"verdicts": verdicts}], schema=SCHEMA)
    return Judged(table, 0, passed)


def test_ranks_decide_and_not_units():
    drafts = [
        judged({"coherence": 0.9, "premise": 0.01}),
        judged({"coherence": 1.0, "premise": 0.05}),
        judged({"coherence": 9.0, "premise": -0.9}),
    ]
    assert best(drafts) == 1


def test_what_did_not_pass_is_no_candidate():
    good_one, bad = judged({"coherence": 0.1}), judged({"coherence": 2.0}, passed=False)
    assert best([bad, good_one]) == 1
    assert best([bad]) is None
    assert best([]) is None


def test_of_equal_or_unscored_drafts_the_first_is_best():
    assert best([judged({"coherence": None}), judged({})]) == 0
    assert best([judged({"coherence": 0.5}), judged({"coherence": 0.5})]) == 0
    assert best([judged({"coherence": None}), judged({"coherence": -3.0})]) == 0


def test_likeness_counts_against_a_draft():
    alike = judged({"coherence": 1.0, "rewording": 0.8, "translated_copying": 0.5})
    other = judged({"coherence": 1.0, "rewording": 0.2, "translated_copying": 0.1})
    assert best([alike, other]) == 1


@with_model
def test_the_losers_are_surplus_with_their_scores(tmp_path):
    opened = make_opened(tmp_path / "d", *FOUR)
    engine = Canned(good, 3)
    outcome = write(opened, engine)
    assert outcome.funnel.accepted == 4
    rejected = rows_of(opened.folder, "rejected")
    assert rejected.height + 4 == len(engine.asked) >= 12
    surplus = rejected.filter(reason="surplus").to_dicts()
    assert surplus
    for loser in surplus:
        scores = {verdict["critic"]: verdict["score"] for verdict in loser["verdicts"]}
        assert scores["coherence"] is not None
        assert not [verdict for verdict in loser["verdicts"] if verdict["reason"]]


@with_model
@pytest.mark.parametrize("trial", range(3))
def test_best_of_three_stopped_anywhere_is_the_same(trial, tmp_path):
    calm, opened = (make_opened(tmp_path / name, *FOUR) for name in ("calm", "d"))
    stop_anywhere(calm, opened, good, concurrency=2, most=7, trial=trial)


@with_model
def test_a_budget_within_a_wave_loses_nothing(tmp_path):
    opened = make_opened(tmp_path / "d", *FOUR, "budget.max_tokens_total=65")
    engine = Canned(good, 1)
    assert write(opened, engine).state == "budget_spent"
    parts = [rows_of(opened.folder, part) for part in ("data", "rejected")]
    assert sum(rows.height for rows in parts) == len(engine.asked) == 5


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (["choice.candidates=2"], "nothing tells which is best; set 'meaning'"),
        (["choice.candidates=9", "meaning=bundled"], "allow as many attempts as candidates"),
        (["critics.coherence.least_4=0"], "critics.coherence: meaning is off; set"),
    ],
)
def test_mistakes_are_one_sentence(tmp_path, changes, told):
    with pytest.raises(ConfigurationError, match=told):
        make_opened(tmp_path / "d", *changes)
