"""Judges in a run: asked after the critics, kept in the journal, believed or unscored."""

import asyncio
import json
import re
from contextlib import asynccontextmanager
from functools import partial
from hashlib import blake2b

import pytest

from crowdglot.critics.judges import build_judge
from crowdglot.critics.judges.asking import template_hash
from crowdglot.critics.judges.match import MATCH
from crowdglot.engines.calls import REFUSED
from crowdglot.engines.engine import Completion
from crowdglot.errors import ConfigurationError, EngineUnavailable
from crowdglot.recipes import read_rejudged
from crowdglot.writing.judging import InProcess
from crowdglot.writing.judging.trials import try_judges
from crowdglot.writing.rejudge import rejudge_dataset
from crowdglot.writing.run import Run
from crowdglot.writing.shards.call_queue import CallQueue
from crowdglot.writing.shards.in_order import fill_in_batches
from crowdglot.writing.write import write_dataset
from tests.stub_server import SENTENCES
from tests.writing.builders import Canned, good, make_opened, rows_of, stop_anywhere, write


def believing(folder, *names, low=0.9, languages=("fr", "es"), model=""):
    """A file of trials in which these judges are right."""
    folder.mkdir(exist_ok=True)
    trials = [
        {
            "critic": name, "language": tag, "damage": build_judge(name).damages[0], "auc": low,
            "low": low, "high": 1.0, "threshold": 0.6, "model": model,
            "prompt": template_hash(name),
        }
        for name in names
        for tag in languages
    ]  # fmt: skip
    path = folder / "trials.json"
    path.write_text(json.dumps(trials))
    return path


def opened_with(folder, *names, changes=(), **trials):
    path = believing(folder.parent, *names, **trials)
    return make_opened(folder, f"judges={','.join(names)}", f"believed={path}", *changes)


def is_judged(request):
    return not request.schema


def harmless(request, share=1.0):
    """That there is no harm, for this share of dialogues; whatever the order of the answers."""
    question = request.messages[-1].content.splitlines()
    drawn = int.from_bytes(blake2b(request.messages[0].content.encode(), digest_size=2).digest())
    wanted = "None of these" if drawn < share * 65536 else "insults"
    return next(line for line in question if wanted in line)[0]


def say(request, share=1.0):
    return harmless(request, share) if is_judged(request) else good(request)


def verdict_of(row, name):
    return next((one for one in row["verdicts"] if one["critic"] == name), None)


def test_what_a_judge_rejects_is_tried_again_and_kept_with_its_reason(tmp_path):
    opened = opened_with(tmp_path / "d", "harm")
    outcome = write(opened, Canned(partial(say, share=0.6)))
    assert outcome.funnel.accepted == 24 and outcome.funnel.reasons["harm.harmful"] > 3
    for row in rows_of(opened.folder).to_dicts():
        assert verdict_of(row, "harm")["score"] == 1.0
        assert [call["role"] for call in row["calls"]] == ["write"] + ["judge.harm"] * 3
        assert row["seconds"] == pytest.approx(0.04) and len({c["seed"] for c in row["calls"]}) == 4
    bad = rows_of(opened.folder, "rejected").filter(reason="harm.harmful").to_dicts()
    assert all(verdict_of(row, "harm")["evidence"].startswith("demeaning (1.00)") for row in bad)


def test_what_a_critic_rejects_is_not_shown_to_a_judge(tmp_path):
    opened = opened_with(tmp_path / "d", "harm", changes=["critics.length.most_characters=20"])
    engine = Canned(say)
    write(opened, engine)
    rejected = rows_of(opened.folder, "rejected").to_dicts()
    assert rejected and all(len(row["calls"]) == 1 for row in rejected)


@pytest.mark.parametrize("trial", range(3))
def test_stopped_anywhere_nothing_is_asked_twice(trial, tmp_path):
    calm, opened = (opened_with(tmp_path / name, "sense", "harm") for name in ("calm", "d"))

    def answer(request):
        if is_judged(request) and "make sense" in request.messages[-1].content:
            return next(line for line in request.messages[-1].content.splitlines() if "Yes" in line)
        return say(request, share=0.7)

    assert stop_anywhere(calm, opened, answer, concurrency=4, most=150, trial=trial) > 1


def test_a_judge_below_the_bar_is_not_asked_and_said_to_be(tmp_path):
    opened = opened_with(tmp_path / "d", "harm", low=0.7)
    assert "below the bar" in opened.doubts[0] and len(opened.doubts) == 2
    engine = Canned(say)
    assert write(opened, engine).funnel.accepted == 24
    for row in rows_of(opened.folder).to_dicts():
        assert verdict_of(row, "harm") == {
            "critic": "harm", "reason": None, "score": None,
            "evidence": "unscored: not believed in this language",
        }  # fmt: skip


@pytest.mark.parametrize("answer", ["maybe", "", "1\n2"])
def test_a_judge_that_names_no_answer_leaves_dialogues_unscored(answer, tmp_path):
    opened = opened_with(tmp_path / "d", "harm")
    write(opened, Canned(lambda request: answer if is_judged(request) else good(request)))
    told = [verdict_of(row, "harm") for row in rows_of(opened.folder).to_dicts()]
    assert len(told) == 24
    assert {(one["score"], one["evidence"]) for one in told} == {
        (None, "unscored: no answer could be read")
    }


def with_judge(writer, judge):
    """A ``ShardWriter`` with another model for the judges."""

    @asynccontextmanager
    async def writing(opened, watch, budget):
        other = (judge, CallQueue(judge.concurrency))
        run = Run(opened, writer, InProcess(opened), CallQueue(4), watch, budget, other)

        async def fill(missing):
            await fill_in_batches(run, missing, lambda _, fill: fill())

        yield fill

    return writing


def test_another_model_judges_and_stands_in_the_rows(tmp_path):
    writer, judge = Canned(good), Canned(harmless, concurrency=1)
    judge.model = "judge-7b"
    opened = opened_with(tmp_path / "d", "harm", changes=["models.judge.model=judge-7b",
                         "models.judge.kind=scripted"], model="judge-7b")  # fmt: skip
    asyncio.run(write_dataset(opened.recipe, shards=with_judge(writer, judge)))
    rows = rows_of(opened.folder).to_dicts()
    assert {call["model"] for row in rows for call in row["calls"][1:]} == {"judge-7b"}
    assert {row["model"] for row in rows} == {"canned"}
    assert len(judge.asked) == 24 * 3


def test_a_judge_that_dies_midway_ends_the_run_and_loses_nothing(tmp_path):
    left = iter(range(20))

    def dying(request):
        if next(left, None) is None:
            raise EngineUnavailable("The judge's server is gone.")
        return harmless(request)

    opened = opened_with(tmp_path / "d", "harm", changes=["models.judge.kind=scripted"])
    writer = Canned(good)
    with pytest.raises(EngineUnavailable, match="judge's server"):
        asyncio.run(write_dataset(opened.recipe, shards=with_judge(writer, Canned(dying))))
    judge, again = Canned(harmless), Canned(good)
    asyncio.run(write_dataset(opened.recipe, shards=with_judge(again, judge)))
    assert len(judge.asked) + 20 == 24 * 3
    assert len(writer.asked) + len(again.asked) == 24 and rows_of(opened.folder).height == 24


def test_judging_anew_keeps_what_the_judges_said(tmp_path):
    opened = opened_with(tmp_path / "d", "harm")
    write(opened, Canned(partial(say, share=0.6)))
    before = rows_of(opened.folder), rows_of(opened.folder, "rejected")
    rejudged = read_rejudged(str(opened.folder), ["critics.length.most_characters=900"])
    asyncio.run(rejudge_dataset(rejudged))
    for old, part in zip(before, ("data", "rejected"), strict=True):
        columns = ["id", "attempt", "reason", "verdicts", "calls"]
        assert rows_of(opened.folder, part).select(columns).equals(old.select(columns))


def human(folder, count=24):
    """A file of dialogues that share no turn."""
    lines = SENTENCES["fr"]
    texts = [[f"{lines[(7 * at + n) % 12]} ({at})" for n in range(6)] for at in range(count)]
    turns = [
        [{"speaker": "AB"[n % 2], "text": text} for n, text in enumerate(own)] for own in texts
    ]
    made = [{"personas": [None, None], "turns": own} for own in turns]
    path = folder / "Fr_a.jsonl"
    path.write_text("\n".join(map(json.dumps, made)))
    return path


class Knowing(Canned):
    """A judge of harm that finds what was planted, and tells its probabilities; it is gone at its
    30th call."""

    def __init__(self):
        super().__init__(None)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        return None

    async def complete(self, request):
        self.asked.append(request.seed)
        if len(self.asked) == 30:
            raise EngineUnavailable("gone.")
        await asyncio.sleep(0)
        turns = [line for line in request.messages[0].content.splitlines() if line[:1] == "["]
        text = "1" if all("(" in line for line in turns) else "2"
        return Completion(text, "stop", 10, 1, 0.01, ((text, -0.05),))


def test_trials_of_a_judge_go_on_where_they_were_stopped(tmp_path, monkeypatch):
    path, engine = human(tmp_path), Knowing()
    recipe = make_opened(tmp_path / "d", "judges=harm").recipe
    monkeypatch.setattr("crowdglot.writing.judging.asker.build_engine", lambda *_: engine)

    def measure():
        return asyncio.run(
            try_judges(recipe, path, most_turns=6, most=50, journal=tmp_path / "t.calls")
        )

    with pytest.raises(EngineUnavailable):
        measure()
    (trial,) = measure()
    asked = len(engine.asked)
    assert (
        24 * 2 < asked <= 24 * 2 + 2 * engine.concurrency
    )  # those under way then were asked again
    assert (trial.critic, trial.damage, trial.auc, trial.found) == ("harm", "harmful", 1.0, 1.0)
    assert trial.prompt == template_hash("harm")
    assert measure()[0].auc == 1 and len(engine.asked) == asked


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (["judges=taste"], "there is no judge 'taste'"),
        (["models.writer.kind=openai"], "models"),
        (["judges=harm", "believed=nowhere.json"], "nowhere.json: no such file; check the path"),
    ],
)
def test_mistakes_are_one_sentence(changes, told, tmp_path):
    with pytest.raises(ConfigurationError, match=told):
        make_opened(tmp_path / "d", *changes)


# Tournaments


def believing_matches(folder, low=0.9):
    folder.parent.mkdir(exist_ok=True)
    path = folder.parent / "trials.json"
    made = {"critic": MATCH, "damage": "mixed", "auc": low, "low": low, "high": 1.0,
            "threshold": 0.0, "model": "", "prompt": template_hash(MATCH)}  # fmt: skip
    path.write_text(json.dumps([made | {"language": tag} for tag in ("fr", "es")]))
    return make_opened(folder, "choice.by=tournament", "choice.candidates=3", f"believed={path}")


def shorter(request):
    """The first or second conversation, whichever has fewer characters."""
    blocks = request.messages[0].content.split(" conversation:")[1:]
    first, second = (
        sum(len(line) - 3 for line in block.splitlines() if line[1:3] == ": ") for block in blocks
    )
    return "1" if first <= second else "2"


def compare(request):
    return shorter(request) if is_judged(request) else good(request)


def length(row):
    return sum(len(turn["text"]) for turn in row["turns"])


def test_a_tournament_keeps_the_one_that_wins(tmp_path):
    opened = believing_matches(tmp_path / "d")
    assert write(opened, Canned(compare)).funnel.accepted == 24
    kept = {row["index"]: row for row in rows_of(opened.folder).to_dicts()}
    losers = rows_of(opened.folder, "rejected").filter(reason="surplus").to_dicts()
    assert len(losers) > 30
    for loser in losers:
        assert length(loser) >= length(kept[loser["index"]])
    calls = [call for row in (*losers, *kept.values()) for call in row["calls"][1:]]
    assert {call["role"] for call in calls} <= {f"judge.match.{n}" for n in range(3)}
    matches = len(losers)
    assert len(calls) == 10 * matches, "five experts, each in both orders"


@pytest.mark.parametrize("trial", range(2))
def test_a_tournament_stopped_anywhere_is_the_same(trial, tmp_path):
    calm, opened = (believing_matches(tmp_path / name / "d") for name in ("calm", "other"))
    assert stop_anywhere(calm, opened, compare, concurrency=4, most=150, trial=trial) > 1


def test_judging_anew_does_not_turn_a_tournament_round(tmp_path):
    opened = believing_matches(tmp_path / "d")
    write(opened, Canned(compare))
    before = rows_of(opened.folder).select("id", "attempt", "calls")
    asyncio.run(rejudge_dataset(read_rejudged(str(opened.folder), [])))
    assert rows_of(opened.folder).select("id", "attempt", "calls").equals(before)


@pytest.mark.parametrize("answer", ["1", "maybe"])
def test_who_always_takes_the_first_has_no_opinion(answer, tmp_path):
    opened = believing_matches(tmp_path / "d")
    write(opened, Canned(lambda request: answer if is_judged(request) else good(request)))
    assert set(rows_of(opened.folder)["attempt"]) == {0}


def test_a_tournament_that_is_not_believed_asks_nothing(tmp_path):
    opened = believing_matches(tmp_path / "d", low=0.5)
    assert "match" in opened.doubts[0] and "below the bar" in opened.doubts[0]
    engine = Canned(compare)
    write(opened, engine)
    assert (
        len(engine.asked)
        == rows_of(opened.folder).height + rows_of(opened.folder, "rejected").height
    )


def test_a_tournament_is_tried_on_damaged_dialogues(tmp_path, monkeypatch):
    """Its experts see how many turns of the first and the second conversation are of one number."""

    def whole_one(request):
        blocks = request.messages[0].content.split(" conversation:")[1:]
        mixed = [len(set(re.findall(r"\((\d+)\)", block))) > 1 for block in blocks]
        return "2" if mixed[0] else "1"

    class Open(Canned):
        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            return None

    path, recipe = human(tmp_path), believing_matches(tmp_path / "d").recipe
    recipe = recipe.model_copy(update={"judges": ("harm",)})
    engine = Open(lambda request: harmless(request) if "harm" in request.messages[1].content
                  else whole_one(request))  # fmt: skip
    monkeypatch.setattr("crowdglot.writing.judging.asker.build_engine", lambda *_: engine)
    told = asyncio.run(
        try_judges(recipe, path, most_turns=6, most=50, journal=tmp_path / "t.calls")
    )
    found = {one.damage: (one.auc, one.low, one.high) for one in told if one.critic == MATCH}
    assert found["mixed"] == found["strangers"] == (1.0, 1.0, 1.0)
    assert found["shuffled"][0] == 0.5, "which is shown first decides, and both orders are a tie"


def test_what_is_refused_in_a_match_is_no_tie(tmp_path, monkeypatch):
    class Refusing(Canned):
        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            return None

        async def complete(self, request):
            return Completion("no", REFUSED, 1, 1, 0.1)

    path, recipe = human(tmp_path), believing_matches(tmp_path / "d").recipe
    recipe = recipe.model_copy(update={"judges": ("harm",)})
    engine = Refusing(harmless)
    monkeypatch.setattr("crowdglot.writing.judging.asker.build_engine", lambda *_: engine)
    asking = try_judges(recipe, path, most_turns=6, most=50, journal=tmp_path / "t.calls")
    told = [one for one in asyncio.run(asking) if one.critic == MATCH]
    assert told and all((one.dialogues, one.low, one.high) == (0, 0.0, 1.0) for one in told)
