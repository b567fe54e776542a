"""Judging: the same verdicts in this process and in one of its own, which never outlives a run."""

import asyncio
import os
import signal

import pytest

from crowdglot.datasets.withdrawals import Withdrawal, turns_hash, write_withdrawals
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.engines.calls import REFUSED, Call, Draft, Key
from crowdglot.engines.engine import Completion
from crowdglot.errors import CrowdglotError
from crowdglot.writing.judging import AnotherProcess, InProcess, open_judging
from tests.writing.builders import good, make_opened


def drafts_of(opened, count=12):
    for index in range(count):
        key = Key(index, 0)
        text = good(opened.request(key, opened.next(index, ())))
        if index % 4 == 3:
            text = "No JSON\u2028\n"
        reason = REFUSED if index == 5 else "stop"
        logprobs = (("{", -0.25), ("[", -1.5)) if index == 1 else ()
        completion = Completion(text, reason, 10, 5, 0.5, logprobs)
        call = Call(key, "0f", 42, "scripted", "m", "r", completion, 1_700_000_000.5)
        yield Draft(index, 0, (call,))


def judged(judging, asked):
    async def run():
        async with judging:
            found = await asyncio.gather(*map(judging.judge, asked))
        return [(one.passed, one.table.slice(one.at, 1).to_pylist()[0]) for one in found]

    return asyncio.run(run())


def test_both_give_the_same_rows(tmp_path):
    opened = make_opened(tmp_path / "d")
    asked = list(drafts_of(opened))
    read = opened.next(4, asked[4].answers)
    assert isinstance(read, Dialogue)
    named = turns_hash(turn.text for turn in read.turns)
    withdrawn = Withdrawal("fr", 0, 4, 0, named, "duplicates", "near_duplicate", "0-fr: …", 0.9)
    opened.folder.mkdir()
    write_withdrawals(opened.folder, [withdrawn], up_to_date=True)
    here, apart = judged(InProcess(opened), asked), judged(AnotherProcess(opened.recipe), asked)
    assert here == apart
    reasons = [row["reason"] for _, row in apart]
    assert reasons[4] == "duplicates.near_duplicate"
    assert reasons[5] == "engine.refused"
    assert {reasons[3], reasons[7]} == {"format.not_json"}
    assert [passed for passed, _ in apart] == [not reason for reason in reasons]


def test_many_calls_get_a_process(tmp_path):
    opened = make_opened(tmp_path / "d")
    assert isinstance(open_judging(opened, 4), InProcess)
    assert isinstance(open_judging(opened, 64), AnotherProcess)


def test_a_killed_process_is_one_sentence_and_a_closed_one_is_gone(tmp_path):
    opened = make_opened(tmp_path / "d")
    asked = list(drafts_of(opened, 3))

    async def run():
        judging = AnotherProcess(opened.recipe)
        async with judging:
            pid = judging._process.pid
            await judging.judge(asked[0])
            os.kill(pid, signal.SIGSTOP)
            waiting = asyncio.gather(*map(judging.judge, asked), return_exceptions=True)
            await asyncio.sleep(0.05)
            os.kill(pid, signal.SIGKILL)
            told = await waiting
            with pytest.raises(CrowdglotError, match="judges drafts has ended"):
                await judging.judge(asked[0])
        return pid, told

    pid, told = asyncio.run(run())
    assert [str(error).split(" has")[0] for error in told] == ["The process that judges drafts"] * 3
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
