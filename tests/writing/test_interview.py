"""Interviews: a draft of several calls, killed anywhere, asked nothing twice; outdated answers."""

import asyncio
import json

import pytest

import tests.three_calls  # noqa: F401  (registers a way of writing)
from crowdglot.datasets.journal import Journal, encode, read_journal
from crowdglot.datasets.record import draft_text
from crowdglot.dialogues.interview import Asked
from crowdglot.dialogues.message import Message
from crowdglot.engines.calls import Call, Key
from crowdglot.engines.engine import Completion
from crowdglot.errors import EngineUnavailable, RequestRefused
from crowdglot.writing.interview import NothingAsked, interview
from crowdglot.writing.watch import Watch
from tests.writing.builders import (
    Canned,
    assert_same,
    drafts,
    good,
    make_opened,
    rows_of,
    stop_anywhere,
    write,
)


def call(key, text="yes", reason="stop"):
    return Call(key, "0f", 1, "canned", "m", "r", Completion(text, reason, 1, 1, 0.1), 0.0)


def test_the_driver_asks_until_there_is_a_result():
    asked = []

    async def ask(key, want):
        asked.append((key, want.messages[0].content))
        return call(key, f"answer {key.step}")

    def step(answers):
        told = [answer.text for answer in answers]
        return Asked((Message("user", f"after {told}"),)) if len(told) < 2 else tuple(told)

    result, calls = asyncio.run(interview(step, Key(7, 1, "judge.sense"), ask))
    assert result == ("answer 0", "answer 1")
    assert [one.key for one in calls] == [Key(7, 1, "judge.sense", step) for step in range(2)]
    assert asked[1] == (Key(7, 1, "judge.sense", 1), "after ['answer 0']")


def test_a_refusal_ends_an_interview():
    async def ask(key, _want):
        return call(key, "too long", "refused" if key.step else "stop")

    result, calls = asyncio.run(interview(lambda answers: Asked(()), Key(0, 0), ask))
    assert result is None
    assert [one.refused for one in calls] == [False, True]


def three(folder, *changes):
    return make_opened(folder, "way=three_calls", "languages=fr", "dialogues_per_language=8",
                       "shard_size=4", *changes)  # fmt: skip


def some_bad(request):
    return "I cannot." if request.seed % 5 == 0 else good(request)


def test_a_draft_of_three_calls_is_one_row_with_its_calls(tmp_path):
    opened = three(tmp_path / "d")
    engine = Canned(some_bad)
    write(opened, engine)
    rows = rows_of(opened.folder)
    assert rows.height == 8
    for row in rows.to_dicts():
        assert [(one["role"], one["step"]) for one in row["calls"]] == [
            ("write", 0), ("write", 1), ("write", 2),
        ]  # fmt: skip
        assert len({one["seed"] for one in row["calls"]}) == 3
        assert len({one["prompt_hash"] for one in row["calls"]}) == 3
        assert row["prompt_tokens"] == 3 * 10
        said = {}
        for one in row["calls"]:
            said |= json.loads(one["text"])
        assert list(said.values()) == [turn["text"] for turn in row["turns"]]
    assert "I cannot." in drafts(rows_of(opened.folder, "rejected"))
    everything = [*rows.to_dicts(), *rows_of(opened.folder, "rejected").to_dicts()]
    assert sum(len(row["calls"]) for row in everything) == len(engine.asked)


@pytest.mark.parametrize("trial", range(6))
def test_stopped_anywhere_nothing_is_asked_twice(trial, tmp_path):
    calm, opened = (three(tmp_path / name) for name in ("calm", "d"))
    assert stop_anywhere(calm, opened, some_bad, concurrency=3, most=12, trial=trial) > 2


def test_an_answer_to_another_prompt_is_asked_for_anew_and_counted(tmp_path):
    one_draft = ("dialogues_per_language=1", "max_attempts=1", "max_replacements=0")
    opened = three(tmp_path / "d", *one_draft)
    watch, engine = Watch(), Canned(good)

    def dying(request):
        if len(engine.asked) == 2:
            raise EngineUnavailable("gone.")
        engine.asked.append(request.seed)
        return good(request)

    with pytest.raises(EngineUnavailable):
        write(opened, Canned(dying))
    path = opened.shards()[0].journal(opened.folder)
    first, second = read_journal(path)
    path.unlink()
    with Journal(path) as journal:
        journal.append(encode(first))
        changed = type(second)(**{**fields_of(second), "prompt_hash": "of another prompt"})
        journal.append(encode(changed))
    engine = Canned(good)
    write(opened, engine, watch)
    # The first answer counts, the second is asked for again, the third for the first time.
    assert len(engine.asked) == 2
    assert watch.progress.outdated == 1
    assert watch.progress.accepted + watch.progress.rejected == 1


def fields_of(one):
    return {name: getattr(one, name) for name in type(one).__dataclass_fields__}


def test_a_refused_second_question_is_a_rejected_draft(tmp_path):
    opened = three(
        tmp_path / "d", "dialogues_per_language=1", "max_attempts=1", "max_replacements=0"
    )
    count = 0

    def write_one(request):
        nonlocal count
        count += 1
        if count == 2:
            raise RequestRefused("The prompt is too long.")
        return good(request)

    outcome = write(opened, Canned(write_one))
    assert outcome.funnel.reasons == {"engine.refused": 1}
    (row,) = rows_of(opened.folder, "rejected").to_dicts()
    assert len(row["calls"]) == 2
    assert draft_text(row) == "The prompt is too long."


def test_what_was_begun_and_is_not_wanted_is_kept_with_its_reason(tmp_path):
    opened = three(tmp_path / "d", "dialogues_per_language=1")
    engine = Canned(good)
    write(opened, engine)
    (shard,) = opened.shards()
    from crowdglot.datasets.shards import read_calls, reopen

    begun = read_calls(opened.folder, shard)[0]
    reopen(opened.folder, shard)
    with Journal(shard.journal(opened.folder)) as journal:
        later = Key(begun.key.index, 50)
        journal.append(encode(type(begun)(**{**fields_of(begun), "key": later})))
    write(opened, Canned(lambda request: pytest.fail("asked again")))
    rejected = rows_of(opened.folder, "rejected").filter(attempt=50).to_dicts()
    assert [row["reason"] for row in rejected] == ["format.unfinished"]


def test_a_budget_that_cuts_an_interview_off_loses_no_call(tmp_path):
    # A call has 15 tokens; the first draft has all three of its calls, the second two.
    opened = three(tmp_path / "d", "budget.max_tokens_total=70")
    engine = Canned(good, 1)
    outcome = write(opened, engine)
    assert outcome.state == "budget_spent"
    everything = [
        *rows_of(opened.folder).to_dicts(),
        *rows_of(opened.folder, "rejected").to_dicts(),
    ]
    assert sum(len(row["calls"]) for row in everything) == len(engine.asked) == 5
    assert not list((opened.folder / "journal").glob("*/*"))
    calm, more = three(tmp_path / "calm"), Canned(good, 1)
    write(calm, undisturbed := Canned(good, 1))
    write(three(tmp_path / "d", "budget.max_tokens_total=0"), more)
    assert sorted([*engine.asked, *more.asked]) == sorted(undisturbed.asked)
    assert_same(opened, calm)


def test_without_an_engine_nothing_is_asked():
    async def ask(_key, _want):
        raise NothingAsked

    with pytest.raises(NothingAsked):
        asyncio.run(interview(lambda answers: Asked(()), Key(0, 0), ask))
