"""Whether time grows with the dialogues, and memory does not.

``python -m benchmarks.growth [--json] [--sizes N …] [--runs N]``: each size is written in a process
of its own against the local stub, with everything that belongs to it: near-duplicates are looked
for, metrics, report and card are written at the end. Then the same command again, which only
decides that there is nothing to do; and the same decision over 10,000 finished shards. Prefect is
not part of it.
"""

import argparse
import asyncio
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks import command
from benchmarks.overhead import make_opened
from benchmarks.stub import EVENTS, TURNS, serving
from crowdglot.datasets.storage.files import write_text
from crowdglot.datasets.withdrawals import read_withdrawals
from crowdglot.recipes import build_recipe
from crowdglot.writing.binding import bind_dataset
from crowdglot.writing.ending.finish import finish, finished
from crowdglot.writing.opened import open_recipe
from crowdglot.writing.write import write_dataset

_CONCURRENCY = 64


def write_one(size: int, base_url: str, folder: Path) -> dict[str, float]:
    """Write a dataset in this process; seconds, peaks of memory (its own, and that of the process
    that judges), files."""
    start = time.monotonic()
    opened = make_opened(folder, base_url, size, _CONCURRENCY, rounds=1)
    outcome = asyncio.run(write_dataset(opened.recipe))
    withdrawn = len(read_withdrawals(folder).every)
    if not outcome.funnel.accepted == size - withdrawn > 0.99 * size:
        raise RuntimeError("too many of the stub's dialogues were rejected")
    usage = [
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    return {
        "dialogues": size,
        "seconds": time.monotonic() - start,
        "megabytes": usage[0] / 1024,
        "judging_megabytes": usage[1] / 1024,
        "files": sum(len(files) for _, _, files in os.walk(folder)),
    }


def rerun(folder: Path) -> float:
    """Seconds of the whole command, started anew on a finished dataset."""
    start = time.monotonic()
    command = [sys.executable, "-P", "-m", "crowdglot.command.app", "synthesize", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120)
    return time.monotonic() - start


def decide(shards: int) -> float:
    """Seconds to see that so many shards are all there, the recipe's sources read before."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "d"
        table = {
            "name": "decide", "languages": ["fr"], "dialogues_per_language": shards,
            "shard_size": 1, "events": EVENTS, "turns": [TURNS, TURNS], "output": str(folder),
            "duplicates": {"rounds": 0},
        }  # fmt: skip
        opened = open_recipe(build_recipe(table, (), "benchmark"))
        bind_dataset(opened)
        finish(opened)  # of nothing, for a metrics.json that can be read
        for shard in opened.shards():
            write_text(shard.accepted(folder), "")
        start = time.monotonic()
        if finished(opened) is None:
            raise RuntimeError("the shards were not seen")
        return time.monotonic() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--one", nargs=3, metavar=("SIZE", "URL", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        size, url, folder = arguments.one
        print(json.dumps(write_one(int(size), url, Path(folder))))
        return
    found: dict[int, list[dict[str, float]]] = {}
    with serving(0.005, varied=True) as stub, tempfile.TemporaryDirectory() as scratch:
        for run in range(arguments.runs):
            for size in arguments.sizes:
                folder = Path(scratch) / f"{run}-{size}"
                command = [
                    sys.executable,
                    "-m",
                    "benchmarks.growth",
                    "--one",
                    str(size),
                    stub.base_url,
                    str(folder),
                ]
                told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                figures: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
                found.setdefault(size, []).append({**figures, "rerun": rerun(folder)})
    sizes = list(found.values())
    rows = [{key: median(run[key] for run in runs) for key in runs[0]} for runs in sizes]
    each = list(zip(*sizes, strict=True))  # of each run its sizes
    figures_of = {
        "slope": [_slope(run) for run in each],
        "memory_ratio": [_memory(run, "megabytes") for run in each],
        "memory_ratio_with_judging": [
            _memory(run, "megabytes", "judging_megabytes") for run in each
        ],
        "rerun_seconds": [run[-1]["rerun"] for run in each],
        "decide_10000_shards_seconds": [decide(10_000) for _ in range(arguments.runs)],
    }
    show(rows, figures_of, arguments.runs)
    if arguments.json:
        spread = {
            name: [round(of(values), 4) for of in (median, min, max)]
            for name, values in figures_of.items()
        }
        print(json.dumps({"growth": rows, **spread}))


def _memory(run: Sequence[Mapping[str, float]], *columns: str) -> float:
    """The highest peak of all sizes over that of the smallest."""
    peaks = [sum(size[column] for column in columns) for size in run]
    return max(peaks) / peaks[0]


def _slope(run: Sequence[Mapping[str, float]]) -> float:
    """The steepest log-log slope of the seconds over the dialogues."""
    return max(
        (
            math.log(more["seconds"] / less["seconds"])
            / math.log(more["dialogues"] / less["dialogues"])
            for less, more in pairwise(run)
        ),
        default=0.0,
    )


_TITLES = {
    "slope": "steepest log-log slope of the seconds",
    "memory_ratio": "peak memory of the run's process, highest over that of the smallest",
    "memory_ratio_with_judging": "the same with the process that judges",
    "rerun_seconds": "the command on the largest, finished dataset, in seconds",
    "decide_10000_shards_seconds": "10,000 finished shards recognised, in seconds",
}


def show(
    rows: Sequence[Mapping[str, float]], figures: Mapping[str, Sequence[float]], runs: int
) -> None:
    """The table of sizes, and each figure with its spread."""
    table = Table(title=f"Growth, medians of {runs} run(s)")
    for column in rows[0]:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*(f"{v:,.1f}" if v % 1 else f"{v:,.0f}" for v in row.values()))
    console = Console()
    console.print(table)
    for name, values in figures.items():
        console.print(
            f"{_TITLES[name]}: {median(values):.3f} (from {min(values):.3f} to {max(values):.3f})"
        )


if __name__ == "__main__":
    command(main)
