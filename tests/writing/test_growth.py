"""A dataset that grows: what is there stays, and it becomes what a larger one is."""

import asyncio
import subprocess
import sys
from contextlib import contextmanager
from unittest.mock import Mock

import polars as pl
import pytest

from crowdglot.datasets import shards as shard_files
from crowdglot.datasets.folder import locked, store_recipe
from crowdglot.datasets.funnel import read_rows
from crowdglot.datasets.shards import incomplete
from crowdglot.datasets.storage.location import locate
from crowdglot.errors import StorageError
from crowdglot.writing import binding
from crowdglot.writing.binding import bind_dataset
from crowdglot.writing.ending.finish import finish
from crowdglot.writing.estimate import estimate
from crowdglot.writing.judging import InProcess
from crowdglot.writing.machines.worker import fill_batch
from crowdglot.writing.run import Run
from crowdglot.writing.shards.call_queue import CallQueue
from crowdglot.writing.shards.in_order import fill_in_order
from tests.writing.builders import Canned, good, make_opened, rejudge, timeless
from tests.writing.machines.test_machines import HOLD, ROOT

SMALL, LARGE = "dialogues_per_language=7", "dialogues_per_language=23"


def picky(request):
    """Every third question gets nothing of use, so that there are replacements."""
    return good(request) if request.seed % 3 else "bad"


def job_at(folder, *changes):
    return make_opened(folder, "max_attempts=1", "max_replacements=9", *changes)


def fill(opened, write=picky, most=None):
    """Write what is missing; the engine that was asked. ``most``: open so many shards only."""
    engine = Canned(write, 4)

    async def run():
        bind_dataset(opened)
        run = Run(opened, engine, InProcess(opened), CallQueue(engine.concurrency))
        await fill_in_order(run, incomplete(opened.folder, opened.shards())[:most])

    asyncio.run(run())
    return engine


def rows(folder):
    return [timeless(read_rows(folder, part)) for part in ("data", "rejected")]


def same(one, other):
    return all(a.equals(b) for a, b in zip(rows(one), rows(other), strict=True))


@contextmanager
def held_elsewhere(folder):
    """Shards of the dataset are being filled by a worker that an earlier run left behind."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as worker:  # fmt: skip
        assert worker.stdout.readline() == b"[2, 3]\n"
        yield
        worker.stdin.close()


@pytest.fixture(params=["local", "memory"])
def folder(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return locate("grown" if request.param == "local" else f"memory://{tmp_path.name}/grown")


def test_it_becomes_what_a_larger_one_is(folder, tmp_path):
    whole = job_at(tmp_path / "whole", LARGE)
    fill(whole)
    first = fill(job_at(folder, SMALL))
    assert read_rows(folder, "data").height == 14
    second = fill(job_at(folder, LARGE))
    assert same(folder, whole.folder)
    # Nothing is asked again, and what was replaced stays replaced.
    assert not {*first.asked} & {*second.asked}
    assert read_rows(folder, "data")["index"].max() > 10**9
    opened = job_at(folder, LARGE)
    assert incomplete(folder, opened.shards()) == []
    assert finish(opened).short == ()


def test_a_small_one_that_is_not_done_grows_too(folder, tmp_path):
    whole = job_at(tmp_path / "whole", LARGE)
    fill(whole)
    fill(job_at(folder, SMALL), most=2)
    fill(job_at(folder, "dialogues_per_language=9"))
    fill(job_at(folder, LARGE))
    assert same(folder, whole.folder)


@pytest.mark.parametrize("then", [SMALL, LARGE])
@pytest.mark.parametrize("step", range(3))
def test_a_crash_while_it_grows_costs_nothing(step, then, tmp_path, monkeypatch):
    small, whole = (job_at(tmp_path / name, size) for name, size in (("s", SMALL), ("w", LARGE)))
    fill(small)
    fill(whole)
    left = [step]

    def dying(real):
        def act(*arguments):
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
            return real(*arguments)

        return act

    with monkeypatch.context() as patch:
        for module, name in ((shard_files, "reopen"), (binding, "store_recipe")):
            patch.setattr(module, name, dying(getattr(module, name)))
        with pytest.raises(KeyboardInterrupt):
            bind_dataset(job_at(small.folder, LARGE))
    # Whether with the new number or, where the recipe still says so, with the old one.
    if then == SMALL and binding.planned(small) == 7:
        before = rows(small.folder)
        assert fill(small).asked == []
        assert all(a.equals(b) for a, b in zip(before, rows(small.folder), strict=True))
    fill(job_at(small.folder, LARGE))
    assert same(small.folder, whole.folder)


def test_a_journal_finds_its_dataset_grown_elsewhere(folder, tmp_path):
    small = job_at(folder, SMALL)
    bind_dataset(small)
    shard = small.shards()[0]
    shard.journal(folder).parent.mkdir(parents=True, exist_ok=True)
    shard.journal(folder).touch()
    # What another machine does, which does not see this one's journals.
    store_recipe(folder, job_at(folder, LARGE).recipe.model_dump(mode="json"), small.identity())
    large = job_at(folder, LARGE)
    bind_dataset(large)
    assert large.shards()[0].journal(folder) == shard.journal(folder)
    assert large.shards()[0] in incomplete(folder, large.shards())


def test_it_does_not_grow_under_the_hands_of_workers(tmp_path):
    small = job_at(tmp_path / "d", SMALL)
    fill(small)
    with held_elsewhere(small.folder), pytest.raises(StorageError, match="workers of an earlier"):
        bind_dataset(job_at(tmp_path / "d", LARGE))
    assert binding.planned(small) == 7


def test_nobody_takes_a_folder_over_from_workers(tmp_path):
    first = job_at(tmp_path / "d", SMALL)
    bind_dataset(first)
    journal = first.shards()[0].journal(first.folder)
    journal.parent.mkdir(parents=True)
    journal.touch()
    with held_elsewhere(first.folder), pytest.raises(StorageError, match="workers of an earlier"):
        bind_dataset(job_at(tmp_path / "d", SMALL, "seed=4"))
    assert journal.exists()
    bind_dataset(job_at(tmp_path / "d", SMALL, "seed=4"))
    assert not journal.exists()


def test_a_url_is_not_taken_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    url = f"memory://{tmp_path.name}/d"
    bind_dataset(job_at(url, SMALL))
    with pytest.raises(StorageError, match="made by another recipe: 'seed'"):
        bind_dataset(job_at(url, SMALL, "seed=4"))


def test_judging_anew_after_a_crash_sees_all_shards(tmp_path, monkeypatch):
    fill(job_at(tmp_path / "d", SMALL))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(binding, "store_recipe", Mock(side_effect=KeyboardInterrupt))
        bind_dataset(job_at(tmp_path / "d", LARGE))
    funnel, _ = rejudge(tmp_path / "d", "critics.length.most_characters=10")
    assert funnel.accepted == 0


def test_a_batch_sent_before_it_grew_is_refused(tmp_path):
    small = job_at(tmp_path / "d", SMALL)
    fill(small)
    bind_dataset(job_at(tmp_path / "d", LARGE))
    with locked(small.folder):
        told = fill_batch(small.recipe, [0, 1], None, None)
    assert "has grown since" in told.error


def test_it_cannot_shrink(tmp_path):
    fill(job_at(tmp_path / "d", LARGE), most=1)
    with pytest.raises(StorageError, match=r"made for 23 dialogues .* and 7 are wanted now"):
        bind_dataset(job_at(tmp_path / "d", SMALL))
    bind_dataset(job_at(tmp_path / "new", LARGE))  # no answer in it yet
    assert fill(job_at(tmp_path / "new", SMALL)).asked
    assert pl.read_parquet(tmp_path / "new/data/fr/*.parquet").height == 7


def test_an_estimate_counts_what_is_there(tmp_path):
    fill(job_at(tmp_path / "d", SMALL))
    costs = estimate(job_at(tmp_path / "d", LARGE))
    assert {tag: cost.dialogues for tag, cost in costs.items()} == {"fr": 16, "es": 16}
