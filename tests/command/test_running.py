"""How a run ends: what is never cut off, what is written all the same, what is given back."""

import asyncio
import gc
import json

import pytest

from crowdglot.command import running as display
from crowdglot.engines.settings import EmbeddingSettings
from crowdglot.errors import EngineError
from crowdglot.memory import thaw
from crowdglot.writing.ending.finish import finish
from crowdglot.writing.opened import open_recipe
from crowdglot.writing.run import start
from crowdglot.writing.watch import Stop, Watch
from tests.stub_server import serving
from tests.writing.builders import Canned, fill, good, make_opened, write

NOWHERE = ("embedding.kind=embedded", "embedding.model=/nowhere/some.gguf")


def test_nobody_leaves_while_something_is_under_way(monkeypatch):
    monkeypatch.setattr(display, "_PATIENCE_SECONDS", 0.5)
    watch = Watch(stop=Stop(wanted=True))

    async def run():
        left = asyncio.create_task(display._abandoned(watch))
        with watch.progress.busy():
            await asyncio.sleep(1.2)
            assert not left.done()
        await asyncio.wait_for(left, 5)

    asyncio.run(run())


def test_the_search_for_duplicates_is_under_way(tmp_path, monkeypatch):
    opened = make_opened(tmp_path / "d")
    seen = []

    async def withdraw(_opened, watch):
        seen.append(watch.progress.under_way)
        return False

    monkeypatch.setattr("crowdglot.writing.write.withdraw_duplicates", withdraw)
    write(opened, Canned(good))
    assert seen == [1]


def test_leaving_at_once_asks_no_embedding_model(tmp_path, monkeypatch):
    opened = make_opened(tmp_path / "d", *NOWHERE)
    fill_without_measuring(opened)
    left = []
    monkeypatch.setattr("os._exit", left.append)

    async def run():  # as the display does, within its event loop
        display._leave_at_once(opened)

    asyncio.run(run())
    assert left == [130]
    assert (
        json.loads((opened.folder / "metrics.json").read_text("utf-8"))["funnel"]["accepted"] == 24
    )


def test_all_but_the_vendi_score_is_written_without_the_embedding_model(tmp_path):
    opened = make_opened(tmp_path / "d", *NOWHERE)
    fill_without_measuring(opened)
    with pytest.raises(EngineError, match=r"some\.gguf.*All is written but the Vendi.*report"):
        finish(opened)
    assert {"README.md", "report.html"} <= {path.name for path in opened.folder.iterdir()}
    metrics = json.loads((opened.folder / "metrics.json").read_text("utf-8"))
    assert metrics["funnel"]["accepted"] == 24
    assert metrics["diversity"]


def fill_without_measuring(opened):
    without = opened.recipe.model_copy(update={"embedding": EmbeddingSettings()})
    fill(open_recipe(without), Canned(good))


def test_the_collector_is_as_it_was_after_a_run(tmp_path):
    thaw()
    before = (gc.get_threshold(), gc.get_freeze_count())
    with serving() as stub:
        engine = ("engine.kind=openai", "engine.model=stub", f"engine.base_url={stub.base_url}")
        opened = make_opened(tmp_path / "d", *engine)

        async def run():
            async with await start(opened):
                assert gc.get_threshold() != before[0]
                assert gc.get_freeze_count() > before[1]

        asyncio.run(run())
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_finish_by_meaning_is_not_asked_for_after_a_stop(tmp_path):
    opened = make_opened(tmp_path / "d", *NOWHERE)
    fill_without_measuring(opened)
    assert finish(opened, by_meaning=False).accepted == 24
