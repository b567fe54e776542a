"""Opened recipes and engines for tests that write datasets."""

import asyncio
import random
from contextlib import asynccontextmanager, suppress

import polars as pl

from crowdglot.datasets.folder import bind
from crowdglot.datasets.record import draft_text
from crowdglot.datasets.shards import is_complete
from crowdglot.dialogues.interview import Asked
from crowdglot.engines.calls import Key
from crowdglot.engines.engine import Completion
from crowdglot.errors import EngineUnavailable
from crowdglot.recipes import build_recipe, read_rejudged
from crowdglot.writing.ending.finish import finish
from crowdglot.writing.judging import InProcess
from crowdglot.writing.opened import open_recipe
from crowdglot.writing.rejudge import rejudge_dataset
from crowdglot.writing.run import Run
from crowdglot.writing.shards.call_queue import CallQueue
from crowdglot.writing.shards.filling import fill_shard
from crowdglot.writing.shards.in_order import fill_in_batches
from crowdglot.writing.watch import Watch
from crowdglot.writing.write import write_dataset
from tests.stub_server import answer


def make_opened(folder, *changes):
    table = {
        "name": "test",
        "languages": ["fr", "es"],
        "dialogues_per_language": 12,
        "turns": [4, 6],
        "shard_size": 5,
        "output": str(folder),
        "duplicates": {"rounds": 0},  # the stub's dialogues are made of few sentences
    }
    return open_recipe(build_recipe(table, changes, "test"))


class Canned:
    """An engine that writes what a function of the request says."""

    kind, model, revision = "canned", "canned", "1"

    def __init__(self, write, concurrency=4):
        self.write, self.concurrency = write, concurrency
        self.asked = []

    async def complete(self, request):
        self.asked.append(request.seed)
        await asyncio.sleep(0)
        return Completion(self.write(request), "stop", 10, 5, 0.01)


def as_body(request):
    return {
        "messages": [{"content": message.content} for message in request.messages],
        "response_format": {"json_schema": {"schema": request.schema}},
        "seed": request.seed,
    }


def good(request):
    return answer(as_body(request))


def running(opened, engine, watch=None):
    """A run with all judging in this process."""
    return Run(opened, engine, InProcess(opened), CallQueue(engine.concurrency), watch or Watch())


def fill(opened, engine, watch=None):
    async def run():
        bind(opened.folder, opened.recipe.model_dump(mode="json"), opened.identity())
        run = running(opened, engine, watch)
        for shard in opened.shards():
            if not is_complete(opened.folder, shard):
                await fill_shard(run, shard)
        return finish(opened)

    return asyncio.run(run())


def with_engine(engine, *, backwards=False):
    """A ``ShardWriter`` that asks ``engine`` and judges in this process."""

    @asynccontextmanager
    async def writing(opened, watch, budget):
        run = Run(
            opened, engine, InProcess(opened), CallQueue(engine.concurrency), watch, budget
        )  # fmt: skip

        async def write(missing):
            missing = [*reversed(missing)] if backwards else missing
            await fill_in_batches(run, missing, lambda _, fill: fill())

        yield write

    return writing


def write(opened, engine, watch=None, **options):
    """The outcome of a whole run."""
    shards = with_engine(engine, **options)
    return asyncio.run(write_dataset(opened.recipe, watch, shards=shards))


def stop_anywhere(calm, opened, say, concurrency, most, trial):
    """Write ``opened`` by runs whose engine is gone after 1 to ``most`` - 1 answers, drawn anew.

    Checks that nothing was asked twice and that it became what ``calm``, undisturbed, is. Returns
    how many runs it took.
    """
    undisturbed, rng = Canned(say, concurrency), random.Random(trial)
    write(calm, undisturbed)
    asked, runs, ended = [], 0, False
    while not ended:
        left = iter(range(rng.randrange(1, most)))

        def dying(request, left=left):
            if next(left, None) is None:
                raise EngineUnavailable("gone.")
            asked.append(request.seed)
            return say(request)

        runs += 1
        with suppress(EngineUnavailable):
            write(opened, Canned(dying, concurrency))
            ended = True
        assert runs <= 1 + len(undisturbed.asked), "runs bring nothing new"
    assert sorted(asked) == sorted(undisturbed.asked)
    assert_same(opened, calm)
    return runs


def assert_same(opened, calm):
    """The two datasets hold the same rows but for their moments."""
    for part in ("data", "rejected"):
        there, expected = rows_of(opened.folder, part), rows_of(calm.folder, part)
        assert timeless(there).equals(timeless(expected))


def rows_of(folder, part="data"):
    files = sorted((folder / part).glob("*/*.parquet"))
    return pl.concat([pl.read_parquet(file) for file in files]).sort("id", "attempt")


def seed_of(opened, index, attempt=0):
    """The seed of the first question of a draft."""
    return opened.request(Key(index, attempt), Asked(())).seed


def rejudge(folder, *changes):
    """The funnel after judging anew, and how many shards want more dialogues then."""
    outcome = asyncio.run(rejudge_dataset(read_rejudged(str(folder), changes)))
    return outcome.funnel, outcome.unfinished


def timeless(rows, *also):
    """Rows without moments, which differ from run to run, and without the fields ``also``.

    Sorted by id and attempt.
    """
    changing = {"created_at", "seconds", *also}
    calls = [
        [{name: value for name, value in call.items() if name not in changing} for call in row]
        for row in rows["calls"].to_list()
    ]
    kept = rows.drop("calls", *(changing & set(rows.columns)))
    return kept.with_columns(calls=pl.Series(calls, strict=False)).sort("id", "attempt")


def drafts(rows):
    """What the model wrote for each row, as it came."""
    return [draft_text(row) for row in rows.to_dicts()]
