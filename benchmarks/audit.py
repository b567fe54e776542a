"""What an audit by rules costs: seconds and memory, over so many rows; and its false alarms.

``python -m benchmarks.audit [--rows N …] [--json]``: a dataset is written from sentences of ours, a
third of its drafts rejected, and its shards are repeated until there are so many rows; each size is
audited in a process of its own. ``python -m benchmarks.audit --human DIR``: in how many of 1,000
human dialogues the rules find anything, by language.
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
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import command
from crowdglot.dialogues.human import human_files
from crowdglot.dialogues.readers import read_file
from crowdglot.evidence.audit import audit_dataset
from crowdglot.evidence.audit.looking import look
from tests.writing.builders import Canned, fill, good, make_opened

_MEASURES = ("harm", "personal_data", "abstention")


def write(folder: Path) -> int:
    """Write the dataset that is repeated; how many rows it has."""
    sizes = ("dialogues_per_language=1000", "shard_size=200")
    opened = make_opened(folder, *sizes)
    funnel = fill(opened, Canned(lambda one: "I cannot." if one.seed % 3 == 0 else good(one)))
    return int(funnel.accepted + funnel.rejected)


def repeat(folder: Path, times: int) -> None:
    """Copy each shard so often, under other numbers."""
    for path in [*folder.glob("data/*/*.parquet"), *folder.glob("rejected/*/*.parquet")]:
        number = int(path.stem.rpartition("-")[2])
        for time_ in range(1, times):
            shutil.copyfile(path, path.with_name(f"train-{number + 5 * time_:05d}.parquet"))


def audit_one(folder: Path) -> dict[str, float]:
    """Audit in this process; rows, seconds, peak of memory."""
    start = time.monotonic()
    report = asyncio.run(audit_dataset(folder))
    return {
        "rows": report.accepted + report.rejected,
        "seconds": time.monotonic() - start,
        "processor": time.process_time(),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def false_alarms(folder: Path) -> None:
    """Print what the rules find in a folder of human dialogues."""
    table = Table("language", "dialogues", *_MEASURES, title="Found in 1,000 human dialogues")
    for file in human_files(folder):
        shown = read_file(file.path).demonstrations
        found: Counter[str] = Counter()
        for one in shown:
            turns = [{"text": turn.text} for turn in one.turns]
            row = {"language": file.language.tag, "turns": turns, "verdicts": [], "calls": []}
            found.update({each.measure for each in look(row, {}).found})
        rates = (f"{1000 * found[measure] / len(shown):.1f}" for measure in _MEASURES)
        table.add_row(file.language.tag, str(len(shown)), *rates)
    Console().print(table)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--one", metavar="FOLDER", help=argparse.SUPPRESS)
    parser.add_argument("--human", type=Path, help="a folder of human dialogues, as of calibrate")
    arguments = parser.parse_args()
    if arguments.human:
        false_alarms(arguments.human)
        return
    if arguments.one:
        print(json.dumps(audit_one(Path(arguments.one))))
        return
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        whole = write(Path(scratch) / "one")
        for rows in arguments.rows:
            folder = Path(scratch) / str(rows)
            shutil.copytree(Path(scratch) / "one", folder)
            repeat(folder, max(1, round(rows / whole)))
            told = subprocess.run(
                [sys.executable, "-m", "benchmarks.audit", "--one", str(folder)],
                check=True, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            found.append(json.loads(told.stdout.splitlines()[-1]))
            shutil.rmtree(folder)
    table = Table("rows", "seconds", "of the processor", "peak MB", title="Audit by rules")
    for one in found:
        figures = (f"{one[name]:.1f}" for name in ("seconds", "processor"))
        table.add_row(f"{one['rows']:,}", *figures, f"{one['megabytes']:.0f}")
    Console().print(table)
    if arguments.json:
        print(json.dumps(found))


if __name__ == "__main__":
    command(main)
