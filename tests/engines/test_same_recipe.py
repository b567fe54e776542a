"""One recipe and one seed through every engine, with the same small real model: valid rows."""

import asyncio
import json

import pyarrow as pa
import pytest

from crowdglot.datasets.record import SCHEMA
from crowdglot.datasets.tables import read_table
from crowdglot.dialogues.prompt import prompt_hash, turn_keys
from crowdglot.recipes import build_recipe
from crowdglot.writing.opened import open_recipe
from crowdglot.writing.write import write_dataset
from tests.engines.tiny_model import need_transformers
from tests.writing.builders import seed_of

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
@pytest.mark.ci
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
    opened = open_recipe(build_recipe(table, (), "test"))
    asyncio.run(write_dataset(opened.recipe))
    (shard,) = opened.shards()
    paths = (shard.accepted(opened.folder), shard.rejected(opened.folder))
    tables = [read_table(path) for path in paths]
    assert all(table.schema.equals(SCHEMA) for table in tables)
    rows = sorted(pa.concat_tables(tables).to_pylist(), key=lambda row: row["index"])
    # What was asked is the same whoever answers: scenario, seed, prompt.
    assert [row["index"] for row in rows] == list(range(DIALOGUES))
    for row in rows:
        scenario = opened.plan.scenario(row["index"])
        assert row["seed"] == seed_of(opened, row["index"])
        (call,) = row["calls"]
        assert call["engine"] == kind
        assert call["prompt_hash"] == prompt_hash(opened.prompt(row["index"]))
        assert row["prompt_tokens"] == call["prompt_tokens"] > 300
        assert row["completion_tokens"] > 20
        if call["finish_reason"] == "stop":
            # The schema held, whatever a model of this size has to say.
            assert list(json.loads(call["text"])) == list(turn_keys(scenario.order))
            assert "".join(turn["speaker"] for turn in row["turns"]) == scenario.order
        else:
            assert call["finish_reason"] == "length"
