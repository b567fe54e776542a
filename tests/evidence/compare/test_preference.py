"""A judge's preference between two arms: only where it is believed, and never by the order."""

import asyncio
import json

import pytest

from crowdglot.critics.judges.asking import template_hash
from crowdglot.critics.judges.match import MATCH
from crowdglot.engines.calls import REFUSED
from crowdglot.engines.engine import Completion
from crowdglot.evidence.compare import compare_datasets
from crowdglot.evidence.compare.arms import open_arms
from crowdglot.evidence.compare.preference import prefer
from crowdglot.recipes import build_recipe
from tests.evidence.compare.arms import dataset, random_rows

RECIPE = {"name": "judging", "languages": ["fr"], "dialogues_per_language": 1}


class Judge:
    """Takes the conversation with more of the word, or the first one; counts what it is asked."""

    kind, model, revision, concurrency = "canned", "", "", 4

    def __init__(self, word="", refuses=""):
        self.word, self.refuses, self.asked = word, refuses, 0

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        return None

    async def complete(self, request):
        self.asked += 1
        first, second = request.messages[0].content.split(" conversation:")[1:]
        if self.refuses and self.refuses in first + second:
            return Completion("no", REFUSED, 10, 1, 0.1)
        answer = "2" if self.word and second.count(self.word) > first.count(self.word) else "1"
        return Completion(answer, "stop", 10, 1, 0.1)


@pytest.fixture
def arms(tmp_path):
    better = random_rows(2, 10)
    for one in better:
        one["turns"][1]["text"] += " tournesol"
    return dataset(tmp_path / "a", random_rows(1, 10)), dataset(tmp_path / "b", better)


def believing(folder, low=0.9):
    trial = {
        "critic": MATCH, "damage": "mixed", "auc": low, "low": low, "high": 1.0, "language": "fr",
        "threshold": 0.0, "model": "", "prompt": template_hash(MATCH),
    }  # fmt: skip
    path = folder / "trials.json"
    path.write_text(json.dumps([trial]), "utf-8")
    return build_recipe(RECIPE | {"believed": str(path)}, (), "test")


def asked(monkeypatch, judge, folders, recipe, folder):
    monkeypatch.setattr("crowdglot.writing.judging.asker.build_engine", lambda *_: judge)
    opened = open_arms(folders, None, 0)
    return asyncio.run(prefer(opened, recipe, most=50, journal=folder / "calls"))


def test_the_better_arm_is_preferred_and_nothing_is_asked_twice(arms, tmp_path, monkeypatch):
    recipe, judge = believing(tmp_path), Judge("tournesol")
    found, doubts = asked(monkeypatch, judge, arms, recipe, tmp_path)
    assert not doubts and len(found) == 1
    told = found[0]
    shares, difference = told.found.values, told.found.difference
    assert (told.one, told.other, shares, difference) == ("a", "b", (0.0, 1.0), 1.0)
    assert "|won:10|lost:0|tied:0|" in told.signature and told.pairs == 10
    assert told.found.p == pytest.approx(2 / 2**10)
    assert judge.asked == 10 * 5 * 2
    again, _ = asked(monkeypatch, judge, arms, recipe, tmp_path)
    assert again == found and judge.asked == 100


def test_who_chooses_by_the_order_prefers_nobody(arms, tmp_path, monkeypatch):
    (told,), _ = asked(monkeypatch, Judge(), arms, believing(tmp_path), tmp_path)
    assert (told.found.values, told.found.difference, told.found.p) == ((0.5, 0.5), 0.0, 1.0)
    assert "|won:0|lost:0|tied:10|" in told.signature


def test_pairs_of_which_it_refuses_to_choose_are_counted(arms, tmp_path, monkeypatch):
    names = random_rows(2, 10)[3]["turns"][0]["text"]
    judge = Judge("tournesol", refuses=names)
    (told,), notes = asked(monkeypatch, judge, arms, believing(tmp_path), tmp_path)
    assert "|won:9|lost:0|tied:0|" in told.signature and told.pairs == 9
    assert notes == [
        "1 of 10 pairs of a and b in fr are left out of what the judge prefers: it refused to "
        "choose."
    ]


def test_a_judge_below_the_bar_is_told_and_gives_no_figure(arms, tmp_path, monkeypatch):
    judge = Judge("tournesol")
    found, doubts = asked(monkeypatch, judge, arms, believing(tmp_path, 0.6), tmp_path)
    assert found == [] and judge.asked == 0
    assert "below the bar of 0.8" in doubts[0]


def test_the_recipes_own_judge_is_asked_only_where_it_is_trusted(tmp_path):
    judge = {"kind": "openai", "model": "m", "base_url": "http://127.0.0.1:9/v1"}
    arms = [
        dataset(
            tmp_path / name, random_rows(at, 9), models={"judge": judge}, languages=["fr"],
            dialogues_per_language=9,
        )
        for at, name in enumerate("ab")
    ]  # fmt: skip
    page, found = compare_datasets(arms)
    assert "No judge is asked." in found.notes[-1] and "--trust" in found.notes[-1]
    assert page.exists() and found.tests
    assert "preferred" not in {one.measure for one in found.comparisons}
