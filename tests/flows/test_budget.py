"""Budgets: a run ends cleanly when one is spent, and goes on when it is raised."""

import asyncio
import time

from flows.budget import Budget
from flows.gate import Gate
from flows.group import fill_in_order
from flows.jury import Here
from flows.run import Run
from flows.tally import Stop, Tally
from outputs.folder import claim
from outputs.shards import incomplete
from tests.flows.test_shard import Canned, good, make_job, rows_of


def write(job, engine):
    async def run():
        claim(job.folder, job.recipe.model_dump(mode="json"), job.identity())
        run = Run(job, engine, Here(job), Gate(engine.concurrency), Stop(), Tally(), Budget.of(job))
        await fill_in_order(run, incomplete(job.folder, job.shards()))
        return run

    return asyncio.run(run())


def test_no_shard_is_begun_once_the_tokens_are_spent(tmp_path):
    # A draft has 15 tokens, a shard 5 dialogues; one call at a time.
    job = make_job(tmp_path / "d", "budget.max_tokens_total=100")
    run = write(job, Canned(good, 1))
    assert "max_tokens_total" in run.budget.spent(run.tally)
    rows = rows_of(job.folder)
    assert 100 <= rows.height * 15 <= 100 + 2 * 5 * 15
    assert rows.height % 5 == 0
    assert list((job.folder / "journal").glob("*/*")) == []
    # The same budget again buys nothing, a larger one the rest, and each dialogue once.
    engine = Canned(good, 1)
    write(job, engine)
    assert engine.asked == []
    more = make_job(tmp_path / "d", "budget.max_tokens_total=10000")
    write(more, engine)
    assert len(engine.asked) == 24 - rows.height
    assert rows_of(job.folder).height == 24


def test_the_time_is_that_of_one_run(tmp_path):
    job = make_job(tmp_path / "d", "budget.max_wall_time=0.3")

    def slow(request):
        time.sleep(0.05)
        return good(request)

    run = write(job, Canned(slow, 1))
    assert "max_wall_time" in run.budget.spent(run.tally)
    assert 5 <= rows_of(job.folder).height < 24
    assert len(incomplete(job.folder, job.shards())) > 0
