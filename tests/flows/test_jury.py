"""The jury: the same verdicts in this process and in one of its own, which never outlives a run."""

import asyncio
import os
import signal

import pytest

from crowdglot.datasets.duplicates import Duplicate, write_ledger
from crowdglot.datasets.duplicates.ledger import draft_hash
from crowdglot.datasets.record import REFUSED, Entry
from crowdglot.engines.engine import Completion
from crowdglot.errors import CrowdglotError
from crowdglot.writing.judging import Apart, Here, summon
from tests.flows.test_shard import good, make_job


def entries(job, count=12):
    for index in range(count):
        text = good(job.request(job.materials.plan.scenario(index), 0))
        if index % 4 == 3:
            text = "No JSON\u2028\n"
        reason = REFUSED if index == 5 else "stop"
        completion = Completion(text, reason, 10, 5, 0.5)
        yield Entry(index, 0, 42, "scripted", "m", "r", completion, 1_700_000_000.5)


def judged(jury, asked):
    async def run():
        async with jury:
            found = await asyncio.gather(
                *(jury.judge(entry, wanted=entry.index != 2) for entry in asked)
            )
        return [(one.keep, one.table.slice(one.at, 1).to_pylist()[0]) for one in found]

    return asyncio.run(run())


def test_both_give_the_same_rows(tmp_path):
    job = make_job(tmp_path / "d")
    asked = list(entries(job))
    text = asked[4].completion.text
    duplicate = Duplicate("fr", 0, 4, 0, draft_hash(text), "near_duplicate", "0-fr: …", 0.9)
    job.folder.mkdir()
    write_ledger(job.folder, [duplicate], settled=True)
    here, apart = judged(Here(job), asked), judged(Apart(job.recipe), asked)
    assert here == apart
    reasons = [row["reason"] for _, row in apart]
    assert reasons[2] == "surplus"
    assert reasons[4] == "duplicates.near_duplicate"
    assert reasons[5] == "engine.refused"
    assert {reasons[3], reasons[7]} == {"format.not_json"}
    assert [keep for keep, _ in apart] == [not reason for reason in reasons]


def test_many_calls_get_a_process(tmp_path):
    job = make_job(tmp_path / "d")
    assert isinstance(summon(job, 4), Here)
    assert isinstance(summon(job, 64), Apart)


def test_a_killed_process_is_one_sentence_and_a_closed_one_is_gone(tmp_path):
    job = make_job(tmp_path / "d")
    asked = list(entries(job, 3))

    async def run():
        jury = Apart(job.recipe)
        async with jury:
            pid = jury.pid
            await jury.judge(asked[0])
            os.kill(pid, signal.SIGSTOP)
            waiting = asyncio.gather(*map(jury.judge, asked), return_exceptions=True)
            await asyncio.sleep(0.05)
            os.kill(pid, signal.SIGKILL)
            told = await waiting
            with pytest.raises(CrowdglotError, match="judges drafts has ended"):
                await jury.judge(asked[0])
        return pid, told

    pid, told = asyncio.run(run())
    assert [str(error).split(" has")[0] for error in told] == ["The process that judges drafts"] * 3
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
