"""Budgets: a run ends cleanly when one is spent, and goes on when it is raised."""

import asyncio
from types import SimpleNamespace

from crowdglot.datasets.folder import bind
from crowdglot.datasets.shards import incomplete
from crowdglot.writing import budget
from crowdglot.writing.budget import Budget
from crowdglot.writing.ending.duplicates import withdraw_duplicates
from crowdglot.writing.ending.finish import finish
from crowdglot.writing.judging import InProcess
from crowdglot.writing.run import Run
from crowdglot.writing.shards.call_queue import CallQueue
from crowdglot.writing.shards.in_order import fill_in_order
from crowdglot.writing.watch import Watch
from tests.writing.builders import Canned, good, make_opened, rejudge, rows_of


def write(opened, engine):
    async def run():
        watch = Watch()
        bind(opened.folder, opened.recipe.model_dump(mode="json"), opened.identity())
        run = Run(
            opened,
            engine,
            InProcess(opened),
            CallQueue(engine.concurrency),
            watch,
            Budget.of(opened, watch),
        )
        await fill_in_order(run, incomplete(opened.folder, opened.shards()))
        return run

    return asyncio.run(run())


def test_nothing_is_asked_once_the_tokens_are_spent(tmp_path):
    # A draft has 15 tokens, a shard 5 dialogues; one call at a time.
    opened = make_opened(tmp_path / "d", "budget.max_tokens_total=100")
    run = write(opened, Canned(good, 1))
    assert "max_tokens_total" in run.watch.stop.spent
    # All that was paid for is in the shards: one is whole, and one is marked as unfinished.
    rows = rows_of(opened.folder)
    assert rows.height == 7 == len(run.engine.asked)
    assert list((opened.folder / "journal").glob("*/*")) == []
    assert len(list((opened.folder / "open").glob("*/*"))) == 1
    assert finish(opened, stopped=True).short == ()
    assert finish(opened).short
    # The same budget again buys nothing, a larger one the rest, and each dialogue once.
    engine = Canned(good, 1)
    write(opened, engine)
    assert engine.asked == []
    assert rows_of(opened.folder).equals(rows)
    more = make_opened(tmp_path / "d", "budget.max_tokens_total=10000")
    run = write(more, engine)
    assert run.watch.stop.spent == ""
    assert len(engine.asked) == 24 - 7
    assert rows_of(opened.folder).height == 24
    assert incomplete(opened.folder, opened.shards()) == []


def test_what_lies_in_journals_is_spent_too(tmp_path):
    opened = make_opened(tmp_path / "d", "budget.max_tokens_total=100")
    engine = Canned(good, 1)
    for asked in (3, 5):
        killed(opened, engine, asked)
    assert len(engine.asked) == 5
    run = write(opened, engine)
    assert len(engine.asked) == 7
    assert "max_tokens_total" in run.watch.stop.spent
    assert rows_of(opened.folder).height == 7
    # A budget that is spent by what the journals hold still has it written into files.
    other = make_opened(tmp_path / "o", "budget.max_tokens_total=30")
    engine = Canned(good, 1)
    killed(make_opened(tmp_path / "o"), engine, 6)
    write(other, engine)
    assert len(engine.asked) == 6 == rows_of(other.folder).height
    assert list((other.folder / "journal").glob("*/*")) == []


def killed(opened, engine, asked):
    """A run that is stopped once the engine was asked so often in all; journals stay."""

    async def run():
        bind(opened.folder, opened.recipe.model_dump(mode="json"), opened.identity())
        watch = Watch()

        class Stopping:
            kind, model, revision, concurrency = "canned", "canned", "1", 1

            async def complete(self, request):
                watch.stop.wanted = len(engine.asked) + 1 >= asked
                return await engine.complete(request)

        run = Run(
            opened, Stopping(), InProcess(opened), CallQueue(1), watch, Budget.of(opened, watch)
        )
        await fill_in_order(run, incomplete(opened.folder, opened.shards()))

    asyncio.run(run())


def test_what_was_cut_off_can_be_judged_anew(tmp_path):
    # The stub's dialogues are made of few sentences: nearly all repeat an earlier one.
    opened = make_opened(tmp_path / "d", "duplicates.rounds=2", "budget.max_tokens_total=180")
    write(opened, Canned(good, 1))
    before = rows_of(opened.folder).height
    funnel, waiting = rejudge(opened.folder)
    assert 0 < funnel.accepted < before == 12
    assert funnel.drafts == 12
    assert waiting > 0
    assert funnel.short == ()


def test_dialogues_that_are_missing_at_the_end_are_told(tmp_path):
    opened = make_opened(tmp_path / "d", "duplicates.rounds=1", "max_replacements=0")
    write(opened, Canned(good, 1))
    assert asyncio.run(withdraw_duplicates(opened, Watch()))
    assert finish(opened).short
    assert (opened.folder / "failed.jsonl").exists()


def test_a_budget_smaller_than_one_shard_holds_too(tmp_path):
    opened = make_opened(tmp_path / "d", "budget.max_tokens_total=31")
    run = write(opened, Canned(good, 2))
    # What is under way when the third answer spends it is waited for.
    assert 3 <= len(run.engine.asked) <= 4
    assert rows_of(opened.folder).height == len(run.engine.asked)


def test_a_budget_that_is_just_enough_ends_an_ordinary_run(tmp_path):
    opened = make_opened(tmp_path / "d", f"budget.max_tokens_total={24 * 15}")
    run = write(opened, Canned(good, 1))
    assert (run.watch.stop.wanted, run.watch.stop.spent) == (False, "")
    assert incomplete(opened.folder, opened.shards()) == []


def test_the_time_is_that_of_one_run(tmp_path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(budget, "time", SimpleNamespace(monotonic=lambda: now[0]))
    opened = make_opened(tmp_path / "d", "budget.max_wall_time=30")

    def slow(request):
        now[0] += 5.0
        return good(request)

    run = write(opened, Canned(slow, 1))
    assert "max_wall_time" in run.watch.stop.spent
    assert rows_of(opened.folder).height == len(run.engine.asked) == 6
    assert len(incomplete(opened.folder, opened.shards())) > 0
