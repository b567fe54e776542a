"""What a large run will take, by a pilot of it and by what its servers can do.

``python -m benchmarks.scaling DATASET --tokens-per-second N [--dialogues 10000000] [--nodes 8]
[--concurrency 256] [--shard-size 200] [--price-in X --price-out X] [--json]``

DATASET is a pilot: tokens, acceptance rate and bytes are read from it. The tokens of answers that
one node generates per second at that concurrency, all calls together, are an assumption until
somebody measures them; so are prices, per million tokens. The arithmetic is that of
docs/scaling.md.
"""

import argparse
import json
import math
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import command
from crowdglot.datasets.funnel import read_rows
from crowdglot.writing.machines.crew import batch_size

_COLUMNS = ("prompt_tokens", "completion_tokens")


def measure(folder: Path) -> dict[str, float]:
    """Means over the drafts of a dataset, and bytes on the disk of a row in either file."""
    parts = {part: read_rows(folder, part, _COLUMNS) for part in ("data", "rejected")}
    sizes = {
        part: sum(file.stat().st_size for file in (folder / part).rglob("*.parquet"))
        for part in parts
    }
    accepted, drafts = parts["data"].height, sum(rows.height for rows in parts.values())
    return {
        "drafts": drafts,
        "acceptance": accepted / drafts,
        **{
            name: sum(int(rows[name].sum()) for rows in parts.values()) / drafts
            for name in _COLUMNS
        },
        # Empty files have a size too, so both parts are laid on the accepted rows.
        "bytes_per_dialogue": sum(sizes.values()) / accepted,
    }


def plan(pilot: dict[str, float], arguments: argparse.Namespace) -> dict[str, float]:
    """The figures of the large run."""
    drafts = arguments.dialogues / pilot["acceptance"]
    per_node = arguments.tokens_per_second * pilot["acceptance"] / pilot["completion_tokens"]
    shards = math.ceil(arguments.dialogues / arguments.shard_size)
    batch = batch_size(shards, arguments.shard_size, arguments.nodes, arguments.concurrency)
    asked, answered = (drafts * pilot[name] for name in _COLUMNS)
    return {
        "dialogues_per_second_and_node": per_node,
        "days": arguments.dialogues / (per_node * arguments.nodes) / 86_400,
        "drafts": drafts,
        "prompt_tokens": asked,
        "answer_tokens": answered,
        "price": (asked * arguments.price_in + answered * arguments.price_out) / 1e6,
        "shards": shards,
        "parquet_files": 2 * shards,
        "gigabytes": arguments.dialogues * pilot["bytes_per_dialogue"] / 1e9,
        "tasks_on_machines": math.ceil(shards / batch),
        "drafts_per_second_in_all": per_node * arguments.nodes / pilot["acceptance"],
    }


def main() -> None:
    """Measure, calculate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--tokens-per-second", type=float, required=True)
    parser.add_argument("--dialogues", type=int, default=10_000_000)
    parser.add_argument("--nodes", type=int, default=8)
    parser.add_argument("--concurrency", type=int, default=256, help="of one node")
    parser.add_argument("--shard-size", type=int, default=200)
    parser.add_argument("--price-in", type=float, default=0.0)
    parser.add_argument("--price-out", type=float, default=0.0)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    pilot = measure(arguments.dataset)
    found = plan(pilot, arguments)
    console = Console(highlight=False)
    for title, figures in (
        (f"Measured in {arguments.dataset}", pilot),
        (
            f"{arguments.dialogues:,} dialogues, if {arguments.nodes} nodes generate "
            f"{arguments.tokens_per_second:,.0f} tokens/s each",
            found,
        ),
    ):
        table = Table(title=title, title_justify="left", show_header=False)
        for name, value in figures.items():
            table.add_row(name.replace("_", " "), f"{value:,.0f}" if value > 99 else f"{value:.3f}")
        console.print(table)
    if arguments.json:
        print(json.dumps({"pilot": pilot, "plan": found}))


if __name__ == "__main__":
    command(main)
