"""How a run ends: what is never cut off, what is written all the same, what is given back."""

import asyncio
import gc
import json

import pytest

from crowdglot.command import display
from crowdglot.errors import EngineError
from crowdglot.memory import unsettle
from crowdglot.writing.ending.finish import finish
from crowdglot.writing.opened import open_job
from crowdglot.writing.rounds import write_rounds
from crowdglot.writing.run import engage, running
from crowdglot.writing.watch import Stop, Tally
from tests.flows.test_shard import Canned, fill, good, make_job
from tests.stub import serving

NOWHERE = ("embedding.kind=embedded", "embedding.model=/nowhere/some.gguf")


def test_nobody_leaves_while_something_is_under_way(monkeypatch):
    monkeypatch.setattr(display, "_PATIENCE_SECONDS", 0.5)
    stop, tally = Stop(wanted=True), Tally()

    async def run():
        left = asyncio.create_task(display._abandoned(stop, tally))
        with tally.busy():
            await asyncio.sleep(1.2)
            assert not left.done()
        await asyncio.wait_for(left, 5)

    asyncio.run(run())


def test_the_search_for_duplicates_is_under_way(tmp_path, monkeypatch):
    job = make_job(tmp_path / "d")
    seen = []

    async def deduplicate(_job, tally):
        seen.append(tally.under_way)
        return False

    monkeypatch.setattr("crowdglot.writing.rounds.deduplicate", deduplicate)
    fill(job, Canned(good))
    asyncio.run(write_rounds(job, Stop(), Tally(), lambda: None))
    assert seen == [1]


def test_leaving_at_once_asks_no_embedding_model(tmp_path, monkeypatch):
    job = make_job(tmp_path / "d", *NOWHERE)
    fill_without_measuring(job)
    left = []
    monkeypatch.setattr("os._exit", left.append)

    async def run():  # as the display does, within its event loop
        display._leave_at_once(job.recipe)

    asyncio.run(run())
    assert left == [display.STOPPED]
    assert json.loads((job.folder / "metrics.json").read_text("utf-8"))["funnel"]["accepted"] == 24


def test_all_but_the_vendi_score_is_written_without_the_embedding_model(tmp_path):
    job = make_job(tmp_path / "d", *NOWHERE)
    fill_without_measuring(job)
    with pytest.raises(EngineError, match=r"some\.gguf.*All is written but the Vendi.*report"):
        finish(job)
    assert {"README.md", "report.html"} <= {path.name for path in job.folder.iterdir()}
    metrics = json.loads((job.folder / "metrics.json").read_text("utf-8"))
    assert metrics["funnel"]["accepted"] == 24
    assert metrics["diversity"]


def fill_without_measuring(job):
    fill(open_job(job.recipe.model_copy(update={"embedding": type(job.recipe.embedding)()})),
         Canned(good))  # fmt: skip


def test_the_collector_is_as_it_was_after_a_run(tmp_path):
    unsettle()
    before = (gc.get_threshold(), gc.get_freeze_count())
    with serving() as stub:
        engine = ("engine.kind=openai", "engine.model=stub", f"engine.base_url={stub.base_url}")
        job = make_job(tmp_path / "d", *engine)

        async def run():
            async with running(job, await engage(job)):
                assert gc.get_threshold() != before[0]
                assert gc.get_freeze_count() > before[1]

        asyncio.run(run())
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_finish_by_meaning_is_not_asked_for_after_a_stop(tmp_path):
    job = make_job(tmp_path / "d", *NOWHERE)
    fill_without_measuring(job)
    assert finish(job, by_meaning=False).accepted == 24
