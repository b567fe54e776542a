"""How long `crowdglot browse` takes to open, to filter and to search, and the memory it has.

``python -m benchmarks.browse [--json] [--dialogues N] [--runs N] [--dataset DIR]``: a dataset is
written against the local stub, as ``benchmarks.growth`` does (or DIR is taken), and opened by a
process of its own for each run: from reading the first file to the first page of the list. Each
filter and search is asked for once before it is timed nine times, and gives its first page; the
slowest of all is told. "searchable": until texts and verdicts are there too, which are read after
the list; "open_cpu": the processor's time for opening, because wall time says as much of the
machine. "resident" is the process's peak, with what the system may take back.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks import command
from benchmarks.growth import write_one
from benchmarks.stub import serving
from crowdglot.datasets.browse.index import Wanted
from crowdglot.datasets.browse.room import Chosen, Room

_TIMES = 9
FILTERS = (
    Wanted(),
    Wanted(language="fr", event="complaining"),
    Wanted(verdict="accepted"),
    Wanted(critic="language", said="passed", least=0.95, most=0.99),
    Wanted(rater="nobody", rated="no"),
)
SEARCHES = (
    Wanted(text="maison"),
    Wanted(text="ÉTÉ grand"),
    Wanted(text='"de la"', verdict="accepted"),
    Wanted(text="阳台"),
    Wanted(text="e"),
)
# What must hold with 100,000 dialogues, in seconds.
WANTED = {"open": 2.0, "filter": 0.2, "search": 0.5}


def measure(folder: Path) -> dict[str, float]:
    """Seconds, and megabytes, of one process."""
    start, begun = time.perf_counter(), time.process_time()
    room = Room(folder, withdraw=False)
    room.choices()
    rows = room.find(Wanted())["total"]
    opened, cpu = time.perf_counter() - start, time.process_time() - begun
    room.find(Wanted(text="e", critic="language"))
    searchable = time.perf_counter() - start
    times = {
        name: max(median(_timed(room, one)) for one in wanted)
        for name, wanted in {"filter": FILTERS, "search": SEARCHES}.items()
    }
    scenario = [
        _seconds(partial(room.scenario, Chosen(row=at))) for at in range(0, rows, 1 + rows // 9)
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "rows": rows, "open": opened, "open_cpu": cpu, "searchable": searchable, **times,
        "dialogue": median(scenario), "resident_megabytes": peak,
    }  # fmt: skip


def _timed(room: Room, wanted: Wanted) -> list[float]:
    room.find(wanted)
    return [_seconds(lambda: room.find(wanted)) for _ in range(_TIMES)]


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> int:
    """Measure and print; 1 where it takes longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dialogues", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--dataset", type=Path, help="one that is there, instead of a new one")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one)))
        return 0
    with ExitStack() as stack:
        folder = arguments.dataset
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "d"
            stub = stack.enter_context(serving(0.005, varied=True))
            write_one(arguments.dialogues, stub.base_url, folder)
        runs = [_in_a_process(folder) for _ in range(arguments.runs)]
    told = {name: median(run[name] for run in runs) for name in runs[0]}
    _show(told, runs)
    if arguments.json:
        print(json.dumps(told))
    return int(any(told[name] > most for name, most in WANTED.items()))


def _in_a_process(folder: Path) -> dict[str, float]:
    asked = [sys.executable, "-m", "benchmarks.browse", "--one", str(folder)]
    told = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return figures


def _show(told: dict[str, float], runs: Sequence[dict[str, float]]) -> None:
    table = Table(title=f"browse, medians of {len(runs)} run(s)")
    for column in ("", "median", "least", "most"):
        table.add_column(column, justify="right")
    for name, value in told.items():
        each = [value, min(run[name] for run in runs), max(run[name] for run in runs)]
        table.add_row(name, *(f"{one:,.3f}" if one < 100 else f"{one:,.0f}" for one in each))
    Console().print(table)


if __name__ == "__main__":
    command(main)
