"""Comparing: planted truths, equal sizes, pairs by scenario, and what is told of what is not."""

import json

import pytest

from crowdglot.critics import load_critics
from crowdglot.critics.calibration import plain_dialogue
from crowdglot.critics.meaning.coherence import Coherence
from crowdglot.draws import Draws
from crowdglot.engines.embedding.bundled import missing
from crowdglot.evidence.compare import compare_datasets
from crowdglot.evidence.compare.arms import open_arms
from crowdglot.evidence.compare.comparing import POOLED, compare
from crowdglot.evidence.compare.drawing import draw, equal
from crowdglot.languages.language import resolve_language
from tests.datasets.report.dataset import row
from tests.evidence.compare.arms import damaged, dataset, random_rows, talk, windows


def compared(*folders, human=None, **how):
    return compare(open_arms(folders, human, 0), **how)


def coherent_rows(dialogues):
    critic = next(one for one in load_critics(meaning=True) if isinstance(one, Coherence))
    english = resolve_language("en")
    for at, texts in enumerate(dialogues):
        score = critic.judge(plain_dialogue(texts, english)).score
        told = [{"critic": "coherence", "reason": None, "evidence": "", "score": score}]
        yield row(at, texts, tag="en", verdicts=told)


def test_a_known_damage_is_told_apart(tmp_path):
    if fault := missing():
        pytest.skip(fault)
    whole = windows()[:24]
    arms = [
        dataset(tmp_path / name, list(coherent_rows(texts)))
        for name, texts in (("whole", whole), ("damaged", damaged(whole)))
    ]
    apart = [one for one in compared(*arms).comparisons if one.differs]
    assert {one.measure for one in apart} == {"score_coherence"}
    assert all(one.found.difference < 0 and one.found.high < 0 and one.pairs > 15 for one in apart)
    assert {one.size for one in apart} == {"dialogues", "tokens"}


def halves(folder, seeds, size):
    """How often two random halves of one dataset are told apart."""
    alarms = 0
    rows = random_rows(7, size, scored=True)
    for seed in seeds:
        mixed = Draws(seed, "halves").shuffled(rows)
        some = (mixed[: size // 2], mixed[size // 2 :])
        arms = [
            dataset(folder / f"{seed}{name}", own) for name, own in zip("ab", some, strict=True)
        ]
        found = compared(*arms, seed=seed)
        assert found.tests > 30 and not any(one.pairs for one in found.comparisons)
        alarms += any(one.differs for one in found.comparisons)
    return alarms


def test_two_halves_are_not_told_apart(tmp_path):
    assert not halves(tmp_path, range(1), 40)


@pytest.mark.ci
def test_twenty_pairs_of_halves_give_two_alarms_at_most(tmp_path):
    assert halves(tmp_path, range(20), 80) <= 2


def test_who_has_more_is_cut_down(tmp_path):
    small = dataset(tmp_path / "small", random_rows(1, 10))
    large = dataset(tmp_path / "large", [row(at, talk(Draws(2, at), 12)) for at in range(40)])
    arms = open_arms([small, large], None, 0)
    drawn = draw(arms, "fr")
    at_equal_dialogues, count = equal(drawn, "dialogues")
    assert count == 10 and [len(one) for one in at_equal_dialogues] == [10, 10]
    at_equal_tokens, budget = equal(drawn, "tokens")
    tokens = [one.corpus.tokens for one in at_equal_tokens]
    assert budget == tokens[0] >= tokens[1] > 0.6 * budget
    assert len(at_equal_tokens[1]) < 10
    again = [one.keys.tolist() for one in draw(open_arms([small, large], None, 0), "fr")]
    assert again == [one.keys.tolist() for one in drawn]
    other = [one.keys.tolist() for one in draw(open_arms([small, large], None, 1), "fr")]
    assert other != again


def test_arms_of_one_plan_are_paired_on_the_scenarios_they_share(tmp_path):
    one = dataset(tmp_path / "one", random_rows(1, 20))
    other = dataset(tmp_path / "other", random_rows(2, 20, first=4))
    found = compared(one, other)
    equal_dialogues = [each for each in found.comparisons if each.size == "dialogues"]
    assert {(each.pairs, each.counts) for each in equal_dialogues} == {(16, (16, 16))}
    assert not any("unpaired" in note for note in found.notes)


def test_few_dialogues_are_not_made_fewer_for_pairs(tmp_path):
    one = dataset(tmp_path / "one", [*random_rows(1, 4), *random_rows(1, 4, "es")])
    other = dataset(tmp_path / "other", [*random_rows(2, 4, first=1), *random_rows(2, 4, "es")])
    found = [each for each in compared(one, other).comparisons if each.size == "dialogues"]
    pairs = {each.language: (each.pairs, each.counts) for each in found}
    assert pairs == {"fr": (0, (4, 4)), "es": (4, (4, 4)), POOLED: (4, (8, 8))}
    tested = {each.language for each in found if None not in (each.found.p, each.found.low)}
    assert tested == {POOLED}


def test_arms_of_different_plans_are_compared_unpaired(tmp_path):
    one = dataset(tmp_path / "one", random_rows(1, 12))
    other = dataset(
        tmp_path / "other", [each | {"speech_event": "gossip"} for each in random_rows(2, 12)]
    )
    found = compared(one, other)
    assert {each.pairs for each in found.comparisons} == {0}
    assert any("compared unpaired" in note for note in found.notes)


def test_languages_are_never_mixed_and_pooled_alike(tmp_path):
    one = dataset(tmp_path / "one", random_rows(1, 10) + random_rows(1, 10, "es"))
    other = dataset(
        tmp_path / "other", random_rows(2, 10) + random_rows(2, 10, "es") + random_rows(2, 9, "it")
    )
    found = compared(one, other)
    turns = {
        each.language: each.found.difference
        for each in found.comparisons
        if each.measure == "turn_length_mean" and each.size == "dialogues"
    }
    assert turns.keys() == {"fr", "es", POOLED}
    assert turns[POOLED] == pytest.approx((turns["fr"] + turns["es"]) / 2)
    assert "other alone has it: not compared there." in found.notes


def test_three_dialogues_give_no_interval_and_say_why(tmp_path):
    one = dataset(
        tmp_path / "one", [*random_rows(1, 3), row(90, reason="format.not_json", turns=[])]
    )
    other = dataset(tmp_path / "other", random_rows(2, 30))
    found = compared(one, other)
    assert found.comparisons and found.tests == 0
    assert {each.counts for each in found.comparisons if each.size == "dialogues"} == {(3, 3)}
    assert any("fewer than 8 dialogues in a language (3 in fr)" in note for note in found.notes)
    assert "other has no rejected rows, so its acceptance rate may say nothing." in found.notes
    arms = found.as_json()["arms"]
    assert (arms[0]["acceptance_rate"], arms[0]["low"], arms[1]["calls"]) == (0.75, None, 30)


def test_one_row_each_is_shown_and_not_compared(tmp_path):
    arms = [dataset(tmp_path / name, random_rows(at, 1)) for at, name in enumerate("ab")]
    page, found = compare_datasets(arms)
    assert not found.comparisons and found.sides
    assert json.loads((tmp_path / "a/compare.json").read_text("utf-8"))["arms"][1]["accepted"] == 1
    assert "No language in which both have two dialogues." in page.read_text("utf-8")


def test_people_are_an_arm(tmp_path):
    (tmp_path / "human").mkdir()
    lines = [
        json.dumps({"personas": [["I bake."], ["I swim."]], "turns": talk(Draws(at))})
        for at in range(12)
    ]
    (tmp_path / "human/Fr_talks.jsonl").write_text("\n".join(lines), "utf-8")
    own = dataset(tmp_path / "own", random_rows(1, 12) + random_rows(1, 9, "es"))
    found = compared(own, human=tmp_path / "human")
    assert {(each.one, each.other, each.language) for each in found.comparisons} == {
        ("own", "human", "fr")
    }
    assert "drafts" not in found.as_json()["arms"][1]
    assert "own alone has es: not compared there." in found.notes
