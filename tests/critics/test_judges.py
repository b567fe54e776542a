"""Judges: what they ask, what they make of the answers, and where they are believed."""

import json
import math
from dataclasses import replace

import pytest

from crowdglot.critics.calibration import plain_dialogue
from crowdglot.critics.calibration.damage import PLANTED, as_met, damaged
from crowdglot.critics.judges import JUDGES, Opinion, build_judge
from crowdglot.critics.judges.asking import Ballot, poll, template_hash
from crowdglot.critics.judges.belief import BAR, believed_judges
from crowdglot.critics.judges.persona import apc, delta_apc
from crowdglot.dialogues.dialogue import Turn
from crowdglot.dialogues.interview import JUDGE, Asked
from crowdglot.draws import Draws
from crowdglot.engines.calls import REFUSED
from crowdglot.engines.engine import Completion
from crowdglot.errors import ConfigurationError
from crowdglot.languages.language import resolve_language
from crowdglot.personas.persona import Persona

TEXTS = (
    "Salut, tu as retrouvé tes clés ?", "Oui, elles étaient dans la voiture.",
    "Ouf, je croyais devoir appeler le serrurier.", "Moi aussi, j'ai eu peur.",
    "Tu passes ce soir, alors ?", "Oui, vers huit heures.",
)  # fmt: skip
ASKING = [name for name in JUDGES if name != "likelihood"]
YES_NO = Ballot("Well?", ("Yes.", "No."))


def said(text, finish="stop", **logprobs):
    shares = logprobs.get("told", {})
    told = tuple((token, math.log(share)) for token, share in shares.items() if share)
    return Completion(text, finish, 10, 1, 0.1, told)


def dialogue(tag="fr", facts=("I have two dogs.", "I live in Lyon.")):
    made = plain_dialogue(TEXTS, resolve_language(tag))
    personas = (Persona(facts), Persona(("I am a baker.",)))
    return as_met(replace(made, scenario=replace(made.scenario, personas=personas)))


def ask_through(judge, about, answer):
    """The opinion of a judge whose questions are answered by ``answer(asked)``, and how many."""
    answers = []
    while isinstance(told := judge.next(about, answers), Asked):
        answers.append(answer(told))
        assert len(answers) < 200
    return told, len(answers)


def first_label(asked):
    return said("1" if "1)" in asked.messages[-1].content else "a")


def told_first(asked):
    label = "1" if "1)" in asked.messages[-1].content else "a"
    return said(label, told={label: 0.9, "2": 0.1} if label == "1" else {label: 0.9, "b": 0.1})


@pytest.mark.parametrize("name", ASKING)
def test_every_judge_keeps_its_contract(name):
    judge = build_judge(name)
    assert judge.reason.isidentifier() and judge.damages
    asked = judge.next(dialogue(), ())
    assert isinstance(asked, Asked) and asked.of == JUDGE and asked.logprobs
    assert asked == judge.next(dialogue(), ()), "a judge is a pure function"
    assert "keys" not in asked.messages[-1].content and TEXTS[0] in asked.messages[0].content
    assert not any(ord(sign) < 32 and sign != "\n" for m in asked.messages for sign in m.content)
    opinion, _ = ask_through(judge, dialogue(), told_first)
    assert isinstance(opinion, Opinion) and 0 <= opinion.score <= 1
    assert all(isinstance(part, float) for part in opinion.parts.values())


@pytest.mark.parametrize("name", ASKING)
@pytest.mark.parametrize(
    "answer",
    [
        lambda asked: said("I would rather not say."),
        lambda asked: said("8, or perhaps 9."),
        lambda asked: said(""),
        lambda asked: said("no.", REFUSED),
        lambda asked: said("{}", told={"{": 0.99}),
    ],
)
def test_an_answer_outside_the_labels_leaves_a_dialogue_unscored(name, answer):
    opinion, asked = ask_through(build_judge(name), dialogue(), answer)
    assert opinion.score is None and opinion.evidence
    assert asked > 1, "it is asked again in another order"


@pytest.mark.parametrize("name", ["sense", "consistency"])
def test_who_always_takes_the_first_answer_says_nothing(name):
    opinion, _ = ask_through(build_judge(name), dialogue(), first_label)
    assert opinion.score == pytest.approx(0.5)


def test_probabilities_of_the_labels_are_one_vote():
    told, asked = ask_through(build_judge("harm"), dialogue(), told_first)
    assert asked == 1 and told.score == pytest.approx(0.9)


def test_every_vote_shows_the_answers_in_another_order():
    ballot = Ballot("Which?", ("red", "green", "blue", "black", "white"))
    orders = [ballot.order(vote) for vote in range(ballot.votes)]
    assert len({tuple(order) for order in orders}) == 3
    assert all(sorted(order) == list(range(5)) for order in orders)
    votes = [ballot.vote(said(str(order.index(2) + 1)), n) for n, order in enumerate(orders)]
    assert votes == [2, 2, 2]


@pytest.mark.parametrize(
    ("text", "vote"),
    [
        ("1", 0), (" 2.", 1), ("**2**", 1), ("2) No.", 1), ("Answer: 1", 0), ("(1)", 0),
        ("<think>1 or 2? 2.</think>\n1", 0), ("The answer is 2.", 1), ("12", None),
        ("1 and 2", None), ("3", None), ("", None), ("１", None), ("one", None),
    ],
)  # fmt: skip
def test_a_label_is_read(text, vote):
    assert YES_NO.vote(said(text), 0) == vote


def test_more_answers_than_digits_are_letters():
    ballot = Ballot("Which?", tuple(f"kind {number}" for number in range(29)))
    assert ballot.labels[0] == "a" and len(set(ballot.labels)) == 29
    assert ballot.vote(said("c"), 0) == 2
    assert ballot.told(said("C", told={"C": 0.9, "c": 0.1})) is not None  # C is another label
    assert "letter" in ballot.asked("", 0).messages[1].content


def test_ballots_are_put_one_after_the_other():
    about, ballots = dialogue(), (YES_NO, YES_NO)
    first = poll(about, ballots, ())
    assert first.messages[1].content.index("Yes.") < first.messages[1].content.index("No.")
    turned = poll(about, ballots, (said("1"),))
    assert turned.messages[1].content.index("No.") < turned.messages[1].content.index("Yes.")
    told = said("1", told={"1": 0.7, "2": 0.2})
    assert poll(about, ballots, (said("1"), said("2"), told)) == [
        (1.0, 0.0), pytest.approx((7 / 9, 2 / 9)),
    ]  # fmt: skip


def test_apc_has_the_order_and_the_bands_of_its_definition():
    # Two statements: an answer that shows both, one of them, and one that contradicts both.
    full, half = [(0.95, 0.9, 0.02)] * 2, [(0.95, 0.9, 0.02), (0.1, 0.05, 0.05)]
    none, against = [(0.05, 0.02, 0.02)] * 2, [(0.97, 0.01, 0.97)] * 2
    assert 1.5 < apc(full) < 2 and apc(against) < 0.1
    assert delta_apc(full) > delta_apc(half) > delta_apc(none) > delta_apc(against)
    assert delta_apc([(0.4, 0.0, 0.0)] * 3) == pytest.approx(0)


def test_a_contradicted_statement_is_named_with_its_speaker():
    def answer(asked):
        text = asked.messages[-1].content
        if "bearing" in text:
            return said("1", told={"1": 0.9, "2": 0.1})
        against = "two dogs" in text
        return said("x", told={"1": 0.1, "2": 0.8 * against, "3": 0.9 - 0.8 * against})

    opinion, asked = ask_through(build_judge("persona"), dialogue(), answer)
    assert asked == 6
    assert opinion.score == pytest.approx(0.2) and opinion.evidence == "A (0.80): I have two dogs."
    assert opinion.parts["delta_apc"] == pytest.approx(
        opinion.parts["delta_apc_A"] + opinion.parts["delta_apc_B"]
    )


def test_a_persona_that_contradicts_itself_is_judged_statement_by_statement():
    opinion, _ = ask_through(
        build_judge("persona"), dialogue(facts=("I have two dogs.", "I have no dog.")), told_first
    )
    assert opinion.score is not None and math.isfinite(opinion.parts["delta_apc"])


def test_a_dialogue_of_two_turns_is_judged():
    short = as_met(plain_dialogue(TEXTS[:2], resolve_language("fr")))
    for name in ASKING:
        opinion, _ = ask_through(build_judge(name), short, told_first)
        assert opinion.score is not None
    one = as_met(plain_dialogue(TEXTS[:1], resolve_language("fr")))
    assert ask_through(build_judge("sense"), one, told_first)[0].score is None


@pytest.mark.parametrize("kind", PLANTED)
def test_what_is_planted_is_another_dialogue(kind):
    whole = dialogue()
    hurt = damaged(whole, kind, whole, None, Draws(1, kind))
    assert hurt is not None and hurt != whole and len(hurt.turns) == len(whole.turns)
    assert hurt == damaged(whole, kind, whole, None, Draws(1, kind))
    if kind == "contradicted":
        assert len(hurt.scenario.personas[0].facts) == 2 and hurt.turns != whole.turns


def trial(name="sense", language="fr", **changes):
    made = {
        "critic": name, "language": language, "damage": build_judge(name).damages[0], "auc": 0.95,
        "low": 0.9, "high": 0.99, "threshold": 0.4, "model": "some-model",
        "prompt": template_hash(name),
    }  # fmt: skip
    return made | changes


def believed(tmp_path, *trials, names=("sense",), model="some-model"):
    (tmp_path / "trials.json").write_text(json.dumps(trials))
    return believed_judges(names, ("fr", "es"), str(tmp_path / "trials.json"), model)


def test_a_judge_is_believed_where_it_was_right(tmp_path):
    (sense,) = believed(tmp_path, trial())
    assert sense.least == {"fr": 0.4} and "shows nothing" in sense.doubts["es"]
    verdicts, _ = ask_through(sense, dialogue(), told_first)
    assert verdicts[0].passed and verdicts[0].score == pytest.approx(0.9)
    verdicts, _ = ask_through(sense, dialogue(), lambda _: said("2", told={"1": 0.1, "2": 0.9}))
    assert verdicts[0].reason == "out_of_place" and verdicts[0].evidence.startswith("turn ")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"low": BAR - 0.01}, "below the bar"),
        ({"model": "another"}, "another model"),
        ({"prompt": "0" * 16}, "earlier question"),
        ({"damage": "harmful"}, "another model or an earlier question"),
        ({"language": "it"}, "shows nothing"),
        ({"critic": "harm"}, "shows nothing"),
    ],
)
def test_elsewhere_it_is_not_asked_and_says_why(tmp_path, changes, why):
    (sense,) = believed(tmp_path, trial(**changes))
    assert not sense.least and why in sense.doubts["fr"]
    verdicts = sense.next(dialogue(), ())
    assert [(one.critic, one.reason, one.score) for one in verdicts] == [("sense", None, None)]
    assert verdicts[0].evidence.startswith("unscored")


def test_without_a_file_no_judge_is_believed():
    (harm,) = believed_judges(("harm",), ("fr",), "", "m")
    assert "no file of trials" in harm.doubts["fr"]


@pytest.mark.parametrize(
    "content", ["", "{}", "[1]", '[{"critic": "sense"}]', "[" * 5000, '[{"critic": 1}]', "\x00"]
)
def test_a_file_that_holds_no_trials_is_one_sentence(tmp_path, content):
    path = tmp_path / "trials.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match="calibrate --judges"):
        believed_judges(("sense",), ("fr",), str(path), "m")
    with pytest.raises(ConfigurationError, match="there is no judge 'taste'"):
        believed_judges(("taste",), ("fr",), "", "m")


def test_a_refused_question_leaves_a_dialogue_unscored(tmp_path):
    (sense,) = believed(tmp_path, trial())
    verdicts = sense.next(dialogue(), [said("too long", REFUSED)])
    assert verdicts[0].passed and verdicts[0].evidence == "unscored: refused: too long"


def reading(asked):
    """A token costs a nat, less where "clés" was said before."""
    assert asked.scored
    lines = []
    for text in (message.content for message in asked.messages):
        assert text.endswith("\n")
        for line in text.splitlines()[1:]:
            lines.append((line, -0.5 if "clés" in text[: text.find(line)] else -1.0))
    return Completion("", "stop", 50, 0, 0.1, tuple(lines), prompt_logprob=-1.0)


def test_likelihood_is_what_the_context_adds():
    about = dialogue()
    opinion, asked = ask_through(build_judge("likelihood"), about, reading)
    assert asked == 1
    assert opinion.score == pytest.approx(0.5) and opinion.evidence.startswith("turn ")
    strange = replace(about, turns=(replace(about.turns[0], text="Bonjour."), *about.turns[1:]))
    assert ask_through(build_judge("likelihood"), strange, reading)[0].score == pytest.approx(0)


def test_a_turn_of_several_lines_is_one_line_to_be_read():
    about = dialogue()
    odd = Turn("B", "Oui,\n  elles\u2028étaient\x85là.\r\n")
    asked = build_judge("likelihood").next(replace(about, turns=(about.turns[0], odd)), [])
    assert [one.content for one in asked.messages] == [
        f"A conversation.\nA: {TEXTS[0]}\nB: Oui, elles étaient là.\n",
        "A conversation.\nB: Oui, elles étaient là.\n",
    ]


def test_where_no_engine_tells_the_likelihood_nothing_is_scored():
    opinion, _ = ask_through(build_judge("likelihood"), dialogue(), lambda _: said("1"))
    assert opinion.score is None and "does not tell" in opinion.evidence
    one = as_met(plain_dialogue(TEXTS[:1], resolve_language("fr")))
    assert ask_through(build_judge("likelihood"), one, reading)[0].score is None
