"""How long a scenario takes, the first and the 10,000,000,000th: ``python -m benchmarks.plan``."""

import argparse
import json
import time
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks import command
from crowdglot.recipes import build_recipe
from crowdglot.writing.opened import open_recipe

INDICES = (0, 1_000_000, 10_000_000_000)
_COUNT = 500


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    table = {
        "name": "plan",
        "languages": ["fr", "es", "de", "zh"],
        "dialogues_per_language": 1_000_000_000,
    }
    plan = open_recipe(build_recipe(table, (), "benchmark")).plan
    found: dict[int, list[float]] = {index: [] for index in INDICES}
    for _ in range(arguments.runs):
        for index in INDICES:
            start = time.process_time()
            for step in range(_COUNT):
                plan.scenario(index + step)
            found[index].append((time.process_time() - start) / _COUNT * 1e6)
    shown = Table(title="Microseconds to plan a scenario")
    for column in ("index", "median", "least", "most"):
        shown.add_column(column, justify="right")
    for index, times in found.items():
        shown.add_row(
            f"{index:,}", f"{median(times):.0f}", f"{min(times):.0f}", f"{max(times):.0f}"
        )
    Console().print(shown)
    if arguments.json:
        print(json.dumps({str(index): round(median(times), 1) for index, times in found.items()}))


if __name__ == "__main__":
    command(main)
