"""The judge of support, on dialogues written by hand, with a reader who knows what is wrong."""

from dataclasses import replace

import pytest

from crowdglot.critics.judges import KEPT_TO, Opinion, build_judge
from crowdglot.critics.judges.belief import BelievedJudge
from crowdglot.dialogues.interview import Asked
from crowdglot.engines.calls import REFUSED
from crowdglot.engines.engine import Completion
from crowdglot.scenarios.event import read_event
from tests.builders import dialogue
from tests.critics.agreement import tables

CASES = tables("labelled.toml")["support"]


def made(told):
    plain = dialogue(told["turns"], told["language"])
    event = read_event("talking_about_problems")
    return replace(plain, scenario=replace(plain.scenario, event=event))


def reader(wrong):
    """Answers as one who knows what is wrong with the dialogue."""

    def answer(asked):
        question = asked.messages[-1].content
        if "one short English sentence" in question:
            return Completion("Turn 2\nnames what it is like.", "stop", 1, 9, 0.1)
        if "what it feels like" in question:
            says = "They pass over it." if wrong == "feeling" else "They name the feeling"
        else:
            kind = "diagnosis" if "disorder" in question else "harm"
            says = "Yes." if wrong == kind else "No."
        label = next(line[0] for line in question.split("\n") if line[1:3] == ") " and says in line)
        return Completion(label, "stop", 1, 1, 0.1)

    return answer


def judged(about, answer):
    answers, judge = [], build_judge("support")
    while isinstance(told := judge.next(about, answers), Asked):
        answers.append(answer(told))
        assert len(answers) < 20
    return told, answers


@pytest.mark.parametrize("told", CASES, ids=lambda one: f"{one['language']}-{one['wrong']}")
def test_what_is_missing_lowers_the_score_and_stands_in_the_evidence(told):
    opinion, answers = judged(made(told), reader(told["wrong"]))
    assert isinstance(opinion, Opinion) and len(answers) == 8  # 3 votes, 2, 2, and the sentence
    least = {"": 1.0, "feeling": 0.5}.get(told["wrong"], 0.0)
    assert opinion.score == pytest.approx(least)
    assert opinion.evidence.endswith(": Turn 2 names what it is like.")
    part = {"": "feeling", "feeling": "feeling"}.get(told["wrong"], f"no_{told['wrong']}")
    assert opinion.parts[part] == (1.0 if told["wrong"] == "" else 0.0)
    assert f"{part.replace('_', ' ')} {opinion.parts[part]:.2f}" in opinion.evidence


def test_of_another_speech_event_it_says_nothing_and_asks_nothing():
    about = made(CASES[0])
    believed = BelievedJudge("support", build_judge("support"), least={"en": 0.5})
    assert isinstance(believed.next(about, ()), Asked)
    other = replace(about, scenario=replace(about.scenario, event=read_event("gossip")))
    assert believed.next(other, ()) == ()
    assert all(read_event(name) for own in KEPT_TO.values() for name in own)


def test_below_the_bar_it_is_unscored_and_above_it_its_verdict_explains():
    about = made(CASES[1])
    unsure = BelievedJudge("support", build_judge("support"))
    assert unsure.next(about, ())[0].evidence.startswith("unscored")
    sure = BelievedJudge("support", build_judge("support"), least={"en": 0.5})
    _, answers = judged(about, reader("diagnosis"))
    own, *parts = sure.next(about, answers)
    assert own.reason == "unsupportive" and "Turn 2 names" in own.evidence
    assert {part.critic for part in parts} == {
        "support.feeling", "support.no_diagnosis", "support.no_harm",
    }  # fmt: skip
    refused = [*answers[:-1], replace(answers[-1], finish_reason=REFUSED)]
    assert sure.next(about, refused)[0].score is None
