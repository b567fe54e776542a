"""What `crowdglot compare` takes on two large datasets: seconds, and the peak of its memory.

``python -m benchmarks.comparing [--json] [--size N]``: a dataset is written against the local stub,
and its rows stand in the large ones again and again, with other indices and other texts.
"""

import argparse
import asyncio
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
import pyarrow as pa

from benchmarks import command
from benchmarks.overhead import make_opened
from benchmarks.stub import serving
from crowdglot.datasets.record import SCHEMA
from crowdglot.datasets.scan import collect
from crowdglot.datasets.shards import Shard, files_of, write_shard
from crowdglot.writing.write import write_dataset

_WRITTEN, _SHARD = 1_000, 500


def multiply(source: Path, folder: Path, size: int, mark: str) -> None:
    """A dataset of ``size`` rows out of a small one; ``mark`` stands in each turn."""
    folder.mkdir()
    shutil.copy(source / "recipe.toml", folder)
    rows = collect(files_of(source, "data"))
    nothing = pa.Table.from_batches([], SCHEMA)
    for number in range(size // _SHARD):
        some = rows.slice(number * _SHARD % len(rows), _SHARD)
        first = number * _SHARD
        texts = pl.element().struct.with_fields(
            pl.element().struct.field("text") + f" {mark}{number}"
        )
        some = some.with_columns(
            pl.Series("index", range(first, first + len(some)), pl.Int64),
            turns=pl.col("turns").list.eval(texts),
        )
        table = some.to_arrow().cast(SCHEMA)
        write_shard(folder, Shard("fr", number, first, len(some)), table, nothing)


def compare_two(one: str, other: str) -> dict[str, float]:
    """Compare in this process; seconds and the peak."""
    from crowdglot.evidence.compare import compare_datasets

    start = time.monotonic()
    _, compared = compare_datasets([Path(one), Path(other)])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    dialogues = min(len(arm.keys["fr"]) for arm in compared.arms)
    seconds = time.monotonic() - start
    return {"dialogues": dialogues, "seconds": seconds, "megabytes": peak}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--one", nargs=2, metavar=("A", "B"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(compare_two(*arguments.one)))
        return
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "source"
        with serving(0.0, varied=True) as stub:
            opened = make_opened(source, stub.base_url, _WRITTEN, 64)
            asyncio.run(write_dataset(opened.recipe))
        for size in arguments.size:
            arms = [Path(scratch) / f"{size}-{mark}" for mark in "ab"]
            for arm in arms:
                multiply(source, arm, size, arm.name[-1])
            told = subprocess.run(
                [sys.executable, "-m", "benchmarks.comparing", "--one", *map(str, arms)],
                check=True, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            found.append(json.loads(told.stdout.splitlines()[-1]))
            print("{dialogues:,} dialogues an arm: {seconds:.1f} s, {megabytes:.0f} MB".format(
                **found[-1]
            ))  # fmt: skip
    if arguments.json:
        print(json.dumps({"comparing": found}))


if __name__ == "__main__":
    command(main)
