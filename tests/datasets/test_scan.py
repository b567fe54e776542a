"""Rows of many files, some files at a time: the same rows, whatever the batches."""

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crowdglot.datasets import scan
from crowdglot.datasets.funnel import measure_funnel, read_rows
from crowdglot.datasets.record import SCHEMA
from crowdglot.datasets.report.selection import even_positions
from crowdglot.datasets.scan import FILE, batches, collect, lazily, rows_at
from crowdglot.datasets.shards import files_of
from crowdglot.errors import StorageError
from tests.datasets.report.dataset import row, write_dataset


@pytest.fixture
def folder(tmp_path):
    """Seven shards of 1 to 7 rows, and one of rejected ones."""
    write_dataset(tmp_path, [row(100 + n, reason="length.long_turn") for n in range(3)])
    (tmp_path / "data" / "fr" / "train-00000.parquet").unlink()
    number = 0
    for shard in range(7):
        rows = [
            row(number := number + 1, event=("gossip", "catching_up")[n % 2])
            for n in range(shard + 1)
        ]
        path = tmp_path / "data" / "fr" / f"train-{shard:05d}-of-00007.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    return tmp_path


def test_batches_are_all_rows_in_order(folder, monkeypatch):
    whole = collect(files_of(folder, "data"))
    assert whole.height == 28
    assert whole["index"].to_list() == list(range(1, 29))
    monkeypatch.setattr(scan, "_AT_ONCE", 2)
    files = files_of(folder, "data")
    assert [some.height for some in batches(files, ["id"])] == [3, 7, 11, 7]
    assert collect(files).equals(whole)
    assert lazily(files).collect().equals(whole)
    positions = pl.concat(batches(files, ["id"]))["position"].to_list()
    assert positions[:4] == [0, FILE, FILE + 1, 2 * FILE]
    assert rows_at(files, positions, SCHEMA.names).equals(whole)
    assert rows_at(files, positions[::3], ["turns", "id"]).equals(whole[::3].select("turns", "id"))


def test_a_shard_written_anew_meanwhile_is_named(folder):
    files = files_of(folder, "data")
    with pytest.raises(StorageError, match=r"train-00001-.* was written anew while it was read"):
        rows_at(files, [0, FILE + 2], ["id"])


def test_without_files_there_are_columns_and_no_rows(tmp_path):
    assert read_rows(tmp_path, "data").columns == SCHEMA.names
    assert (
        collect([], ["turns", "seed"]).shape == rows_at([], [], ["turns", "seed"]).shape == (0, 2)
    )
    assert lazily([]).collect().columns == SCHEMA.names
    assert even_positions([], ["language"], 5) == []
    assert measure_funnel(tmp_path).drafts == 0


def test_what_is_counted_and_chosen_does_not_depend_on_batches(folder, monkeypatch):
    files, groups = files_of(folder, "data"), ("language", "speech_event")
    before = (measure_funnel(folder), even_positions(files, groups, 9))
    assert (before[0].accepted, before[0].reasons) == (28, {"length.long_turn": 3})
    chosen = rows_at(files, before[1], ["speech_event"])["speech_event"].to_list()
    assert len(chosen) == 9
    assert chosen.count("gossip") in (4, 5)
    monkeypatch.setattr(scan, "_AT_ONCE", 1)
    assert before == (measure_funnel(folder), even_positions(files, groups, 9))
