"""One recipe and one seed through every engine, with the same small real model: valid rows."""

import asyncio
import json

import pyarrow as pa
import pytest

from crowdglot.datasets.folder import claim
from crowdglot.datasets.record import SCHEMA
from crowdglot.datasets.shards import read_table
from crowdglot.dialogues.prompt import turn_keys
from crowdglot.writing.judging import Here
from crowdglot.writing.opened import open_job
from crowdglot.writing.recipe import build_recipe
from crowdglot.writing.run import Run, make_engine
from crowdglot.writing.shards.call_queue import Gate
from crowdglot.writing.shards.in_order import fill_in_order
from tests.engines.tiny_model import need_transformers

DIALOGUES = 2


def settings(kind: str, request: pytest.FixtureRequest) -> dict[str, object]:
    path = str(request.getfixturevalue("small_model"))
    if kind == "openai":
        return {"kind": kind, "base_url": request.getfixturevalue("llama_server")}
    if kind == "transformers":
        need_transformers()
        return {"kind": kind, "model": path, "devices": ["cpu"], "concurrency": 2}
    return {"kind": kind, "model": path}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["embedded", "openai", "transformers"])
def test_the_same_recipe_gives_valid_rows(kind, tmp_path, request):
    table = {
        "name": "same",
        "languages": ["en"],
        "dialogues_per_language": DIALOGUES,
        "turns": [4, 4],
        "events": ["catching_up"],
        "max_attempts": 1,
        "max_replacements": 0,
        "seed": 3,
        "output": str(tmp_path / "d"),
        "demonstrations": {"count": 1},
        "engine": settings(kind, request),
    }
    job = open_job(build_recipe(table, (), "test"))

    async def run():
        claim(job.folder, job.recipe.model_dump(mode="json"), job.identity())
        async with make_engine(job.recipe) as engine:
            running = Run(job, engine, Here(job), Gate(engine.concurrency))
            await fill_in_order(running, job.shards())
            if running.stop.cause:
                raise running.stop.cause

    asyncio.run(run())
    (shard,) = job.shards()
    tables = [read_table(path) for path in (shard.accepted(job.folder), shard.rejected(job.folder))]
    assert all(table.schema.equals(SCHEMA) for table in tables)
    rows = sorted(pa.concat_tables(tables).to_pylist(), key=lambda row: row["index"])
    # What was asked is the same whoever answers: scenario, seed, prompt.
    plan = job.materials.plan
    assert [row["index"] for row in rows] == list(range(DIALOGUES))
    for row in rows:
        scenario = plan.scenario(row["index"])
        assert row["seed"] == job.request(scenario, 0).seed
        assert row["engine"] == kind
        assert row["prompt_tokens"] > 300
        assert row["completion_tokens"] > 20
        if row["finish_reason"] == "stop":
            # The schema held, whatever a model of this size has to say.
            assert list(json.loads(row["draft"])) == list(turn_keys(scenario.order))
            assert "".join(turn["speaker"] for turn in row["turns"]) == scenario.order
        else:
            assert row["finish_reason"] == "length"
