"""Critics of meaning, held against dialogues that were written and labelled by hand."""

import numpy as np
import pytest

from crowdglot.critics import MEANING, judge, load_critics
from crowdglot.critics.meaning import space
from crowdglot.critics.meaning.coherence import FEWEST
from crowdglot.critics.meaning.next_turn import following
from crowdglot.engines.embedding.bundled import missing
from tests.builders import FRENCH, dialogue
from tests.critics.agreement import of_meaning, tables

NAMES = ("rewording", "coherence", "premise", "translated_copying", "translated_recital")
LABELLED = tables("meaning.toml")["dialogues"]
CRITICS = [
    critic
    for critic in load_critics(meaning=True)
    if type(critic).__module__.split(".")[-1] in NAMES
]
with_model = pytest.mark.skipif(bool(missing()), reason=missing() or "the model is here")


@with_model
@pytest.mark.parametrize("told", LABELLED, ids=lambda told: f"{told['language']} {told['name']}")
def test_the_critics_agree_with_the_label(told):
    said = {}
    for critic in CRITICS:
        verdict = critic.judge(of_meaning(told))
        assert verdict.score is not None or len(told["turns"]) < FEWEST, verdict
        if verdict.reason:
            said[verdict.critic] = verdict.reason
    assert said == told["expected"]


@with_model
@pytest.mark.parametrize("tag", ["fr", "es", "de", "zh"])
def test_talk_scores_higher_than_turns_from_elsewhere(tag):
    critic = next(critic for critic in CRITICS if type(critic).__name__ == "Coherence")
    own = [told for told in LABELLED if told["language"] == tag and not told["expected"]]
    scores = [(told.get("coherent", True), critic.judge(of_meaning(told)).score) for told in own]
    assert min(score for good, score in scores if good) > max(
        score for good, score in scores if not good
    )


def test_without_a_model_nothing_is_scored(monkeypatch):
    monkeypatch.setattr(space, "bundled_meaning", lambda: None)
    for critic in CRITICS:
        verdict = critic.judge(of_meaning(LABELLED[0]))
        assert (verdict.reason, verdict.score) in ((None, None), (None, 0.0))


@with_model
@pytest.mark.parametrize("texts", [("Oui.",), ("Oui.", "Non."), ("", "a\0b", "\ud800", " ")])
def test_odd_dialogues_are_judged_all_the_same(texts):
    for critic in CRITICS:
        assert critic.judge(dialogue(texts)).critic in NAMES


@with_model
def test_a_shuffled_dialogue_follows_worse():
    usual = space.placed(FRENCH, dialogue().scenario.language)
    turned = usual[[3, 0, 5, 1, 4, 2]]
    assert following(usual).order.mean() > following(turned).order.mean()
    assert np.isfinite(following(usual[:2]).fit).all()


@with_model
def test_meaning_is_judged_after_form():
    verdicts = judge(of_meaning(LABELLED[0]), load_critics(meaning=True))
    assert [verdict.critic for verdict in verdicts][-len(MEANING) :] == list(MEANING)
