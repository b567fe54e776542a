"""Whether traits show: who recovers them, who is believed, and where there is no figure."""

import asyncio
import json
from collections import Counter
from dataclasses import asdict
from functools import partial

import numpy as np
import pytest
from typer.testing import CliRunner

from crowdglot.command.app import app
from crowdglot.command.output.traits import print_recoveries
from crowdglot.errors import MaterialError
from crowdglot.evidence.traits import members as members_room
from crowdglot.evidence.traits.labelled import Labelled, fitting, our_labelled, read_labelled
from crowdglot.evidence.traits.measure import Recovery, measure
from crowdglot.evidence.traits.members import CALLED, RANDOM, Member
from crowdglot.evidence.traits.recognisers import (
    Classifier,
    by_classifier,
    by_judge,
    held_out,
    margins,
)
from crowdglot.personas.traits import declared
from crowdglot.writing.judging.asker import asking
from tests.writing.builders import Canned, fill, good, make_opened, rows_of
from tests.writing.personas.stopped import Talker, answered_by, recipe

VALUES = ("optimistic", "pessimistic")
SIGNS = {"optimistic": "wonderful sunshine tomorrow", "pessimistic": "dreadful rain for ever"}


def group(count, value, *, called=True, says=None, coherence=0.4):
    texts = tuple(f"{(says or SIGNS[value])}, {n} times" for n in range(2))
    turns = {RANDOM: ("Where is the key?",)} | ({CALLED: texts} if called else {})
    return [Member(f"{value} {n}", "fr", value, turns, coherence) for n in range(count)]


def known(count=12):
    return [
        Labelled(f"{SIGNS[value]} and {word}", "attitude", value)
        for value in VALUES
        for word in [f"number {n} {'abcdefghijkl'[n] * 3}" for n in range(count)]
    ]


def classified(members, texts=None):
    found = {("fr", "attitude"): members}
    texts = known() if texts is None else texts
    told = asyncio.run(measure(found, texts, "classifier", by_classifier))
    return {(one.value, one.contexts): one for one in told}


def judged(say, members, tmp_path, monkeypatch):
    async def ask():
        async with asking(recipe().judging_engine, tmp_path / "calls") as asker:
            found = {("fr", "attitude"): members}
            return await measure(found, known(), "judge", partial(by_judge, asker))

    with answered_by(engine := Talker(say), monkeypatch):
        told = asyncio.run(ask())
    return {(one.value, one.contexts): one for one in told}, engine


def right(request):
    wanted = "optimistic" if "sunshine" in request.messages[0].content else "pessimistic"
    lines = request.messages[-1].content.splitlines()
    return next(line for line in lines if line.endswith(f") {wanted}"))[0]


def test_a_classifier_recovers_what_shows_and_guesses_elsewhere():
    members = [*group(10, "optimistic"), *group(12, "pessimistic")]
    told = classified(members)
    assert told["all", CALLED].rate == told["optimistic", CALLED].rate == 1.0
    assert told["all", RANDOM].rate == told["all", RANDOM].chance == 0.5
    assert told["all", CALLED].count == 22 and told["pessimistic", CALLED].count == 12
    assert told["all", CALLED].coherence == pytest.approx(0.4)
    assert (told["all", CALLED].low, told["all", CALLED].high) == (1.0, 1.0)


def test_a_rate_between_has_an_interval_around_it():
    members = [*group(20, "optimistic"), *group(10, "pessimistic"),
               *group(10, "pessimistic", says=SIGNS["optimistic"])]  # fmt: skip
    told = classified(members)["all", CALLED]
    assert told.rate == pytest.approx(0.75)
    assert 0.55 < told.low < 0.75 < told.high < 0.95


def test_a_judge_that_is_right_on_known_text_is_believed(tmp_path, monkeypatch):
    members = [*group(9, "optimistic"), *group(9, "pessimistic")]
    told, engine = judged(right, members, tmp_path, monkeypatch)
    assert told["all", CALLED].rate == 1.0 and told["all", CALLED].by == "judge"
    assert len(engine.asked) == 2 * (24 + 18 + 18)  # two votes each


@pytest.mark.parametrize("answer", ["1", "2"])
def test_a_judge_that_always_says_the_same_gives_no_figure(answer, tmp_path, monkeypatch):
    members = [*group(9, "optimistic"), *group(9, "pessimistic")]
    told, engine = judged(lambda _: answer, members, tmp_path, monkeypatch)
    assert {one.rate for one in told.values()} == {None}
    assert "AUC on known text, 0.50 (0.50 to 0.50), is below the bar" in told["all", CALLED].why
    assert len(engine.asked) == 2 * 24, "only known text"


def test_a_judge_that_cannot_be_read_gives_no_figure(tmp_path, monkeypatch):
    members = [*group(9, "optimistic"), *group(9, "pessimistic")]
    told, _ = judged(lambda _: "Well …", members, tmp_path, monkeypatch)
    assert "could not be read" in told["all", CALLED].why


def test_what_cannot_be_read_is_in_no_rate_and_counted(tmp_path, monkeypatch):
    members = [*group(9, "optimistic"), *group(9, "pessimistic"),
               *group(2, "pessimistic", says="mumble")]  # fmt: skip
    told, _ = judged(
        lambda request: "?" if "mumble" in request.messages[0].content else right(request),
        members, tmp_path, monkeypatch,
    )  # fmt: skip
    assert (told["all", CALLED].count, told["all", CALLED].unread) == (18, 2)
    assert told["all", CALLED].rate == 1.0


@pytest.mark.parametrize(
    ("members", "texts", "why"),
    [
        (group(9, "optimistic"), None, "everybody is 'optimistic'"),
        ([*group(9, "optimistic"), *group(9, "pessimistic")], [], "no labelled text for 'optim"),
        ([*group(9, "optimistic"), *group(9, "pessimistic")], known(3), "6 labelled texts to try"),
        ([*group(9, "optimistic"), *group(3, "pessimistic")], None, "3 speakers of a value are"),
        ([*group(9, "optimistic", called=False), *group(9, "pessimistic", called=False)], None,
         "no model tells here which turns"),
    ],
)  # fmt: skip
def test_where_there_is_no_figure_it_says_why(members, texts, why):
    told = classified(members, texts)["all", CALLED]
    assert told.rate is None and why in told.why


def test_a_small_group_leaves_the_figures_of_the_large_one():
    told = classified([*group(9, "optimistic"), *group(3, "pessimistic")])
    assert told["optimistic", CALLED].rate == 1.0
    assert "3 speakers are too few for a rate (8)" in told["pessimistic", CALLED].why


def test_a_classifier_is_tried_on_text_that_it_has_not_seen():
    texts = [f"{n}{n * 7919 % 1009}" for n in range(40)]  # nothing to learn from
    labels = [VALUES[n % 2] for n in range(40)]
    seen = Classifier(texts, labels, VALUES).scores(texts).argmax(axis=1)
    unseen = held_out(texts, labels, VALUES).argmax(axis=1)
    truth = np.arange(40) % 2
    assert (seen == truth).mean() > 0.9 > 0.7 > (unseen == truth).mean()


def test_margins_are_against_the_best_other_value():
    assert margins(np.array([[3.0, 1.0, 2.0]])).tolist() == [[1.0, -2.0, -1.0]]


def test_our_texts_are_of_declared_values_and_enough_for_a_trial():
    texts = our_labelled()
    for key, one in declared().keys.items():
        if one.manner:
            assert {t.value for t in texts if t.trait == key} == set(one.values), key
            assert len(fitting(texts, "en", key, one.values)) >= 20
    assert len({one.text for one in texts}) == len(texts)
    assert len(fitting(texts, "fr-CA", "attitude", VALUES)) == 20


def test_who_has_a_trait_is_read_from_the_rows(tmp_path, monkeypatch):
    opened = make_opened(tmp_path / "d", "personas.source=profiles")
    fill(opened, Canned(good))
    monkeypatch.setattr(members_room, "_coherence", lambda row: 0.5)
    found = members_room.members(opened.folder, ["attitude"], 3)
    assert found.keys() == {("fr", "attitude"), ("es", "attitude")}
    rows = {row["id"]: row for row in rows_of(opened.folder).to_dicts()}
    for (language, key), group in found.items():
        counts = Counter(member.value for member in group)
        assert set(counts) == set(VALUES) and max(counts.values()) <= 3
        for member in group:
            name, speaker = member.id.split()
            row = rows[name]
            told = {(one["speaker"], one["key"], one["value"]) for one in row["traits"]}
            assert (speaker, key, member.value) in told and row["language"] == language
            own = {turn["text"] for turn in row["turns"] if turn["speaker"] == speaker}
            for texts in member.turns.values():
                assert 0 < len(texts) <= len(own) and own.issuperset(texts)
    learnt, output = tmp_path / "learnt.jsonl", tmp_path / "t.json"
    learnt.write_text(
        "".join(json.dumps(asdict(one) | {"language": "fr"}) + "\n" for one in known())
    )
    asked = ["traits", str(opened.folder), "--train", str(learnt), "--output", str(output)]
    result = CliRunner().invoke(app, [*asked, "--trait", "attitude", "--most", "9"])
    assert result.exit_code == 0, result.exception
    told = {(one["language"], one["contexts"], one["value"]): one
            for one in json.loads(output.read_text())}  # fmt: skip
    assert told["fr", RANDOM, "all"]["by"] == "classifier"
    assert told["fr", RANDOM, "all"]["count"] > 0
    assert "no labelled text" in told["es", RANDOM, "all"]["why"]
    wrong = CliRunner().invoke(app, [*asked, "--trait", "shoe_size"])
    assert "there is no such trait" in str(wrong.exception)


def test_what_calls_for_a_trait_is_told_by_the_turn_before():
    if members_room._wanted("job") is None:
        pytest.skip("no embedding model at hand")
    turns = [("A", "Il pleut depuis lundi."), ("B", "Encore ?"),
             ("A", "Tu travailles dans quoi ? C'est quoi, ton métier ?"), ("B", "Je peins."),
             ("A", "J'ai mangé une pomme."), ("B", "Une verte ?")]  # fmt: skip
    assert members_room._called(turns, [1, 3, 5], "job", "fr")[0] == 3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", '{"text": "Wonderful!", "trait": "attitude", "value": "optimistic"}\n'),
        ("a.csv", "trait,value,text\nattitude,optimistic,Wonderful!\n"),
    ],
)
def test_a_user_s_texts_are_read(name, content, tmp_path):
    (tmp_path / name).write_text(content)
    assert read_labelled(tmp_path / name) == [Labelled("Wonderful!", "attitude", "optimistic")]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "the file is empty"),
        ('{"text": "Wonderful!", "trait": "attitude"}\n', r"line 1: field 'value' is missing"),
        ('{"text": " ", "trait": "a", "value": "b"}\n', r"field 'text' is missing, empty"),
        ("text,trait\nWonderful!,attitude\n", "column 'value' is missing"),
    ],
)
def test_bad_texts_are_one_sentence(content, complaint, tmp_path):
    (tmp_path / "a").write_text(content)
    with pytest.raises(MaterialError, match=complaint):
        read_labelled(tmp_path / "a")


def test_why_there_is_no_figure_is_said_once_below_the_table(capsys):
    why = "everybody is 'calm', so nothing can be told apart"
    lines = [
        Recovery("fr", "temper", "all", turns, "judge", 2, 0, 1.0, why=why)
        for turns in (CALLED, RANDOM)
    ]
    print_recoveries(
        [*lines, Recovery("fr", "age", "all", RANDOM, "judge", 30, 0, 0.5, 0.7, 0.6, 0.8)]
    )
    told = " ".join(capsys.readouterr().out.split())
    assert told.count(f"fr, temper, judge: no figure: {why}") == 1
    assert told.count("no figure") == 1
