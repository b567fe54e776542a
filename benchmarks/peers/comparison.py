"""The rows of ``python -m benchmarks.overhead --peers``: crowdglot and its peers, one work.

Each is measured from its first question to its own end, with its answers on the disk, and divided
by the bare loop run just before it. crowdglot judges and deduplicates in that time; the peers do
not. "process" is the whole process, from its start, over the bare loop.
"""

import asyncio
import json
import statistics
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.overhead import ask_barely, first_request, make_opened, run_pipeline
from benchmarks.peers.environments import PEERS, make, run
from benchmarks.stub import serving
from crowdglot.engines.chat import request_body
from crowdglot.writing.opened import OpenedRecipe

LATENCY, CONCURRENCY = 0.05, 64  # seconds; questions at one time


@dataclass
class Seen:
    """The figures of one tool, one of each run; ``cpu`` in milliseconds a question."""

    ratios: list[float] = field(default_factory=list)
    process: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def row(self, tool: str) -> dict[str, object]:
        """Medians, and the smallest and largest ratio."""
        return {
            "tool": tool,
            "ratio": round(statistics.median(self.ratios), 3),
            "least": round(min(self.ratios), 3),
            "most": round(max(self.ratios), 3),
            "process": round(statistics.median(self.process), 2) if self.process else "",
            "cpu_ms": round(statistics.median(self.cpu), 2),
        }


def write_questions(opened: OpenedRecipe, path: Path) -> None:
    """The bodies of all questions of the plan, first attempts, one a line."""
    with path.open("w", encoding="utf-8") as file:
        for index in range(opened.recipe.dialogues_per_language):
            print(json.dumps(request_body(first_request(opened, index))), file=file)


def compare(folder: Path, dialogues: int, runs: int) -> list[dict[str, object]]:
    """One row a tool, printed as a table too. Runs of all alternate."""
    pythons = [make(peer, folder) for peer in PEERS]
    seen = {tool: Seen() for tool in ("crowdglot", *map(str, PEERS))}
    with serving(LATENCY) as stub:
        for _ in range(runs):
            with tempfile.TemporaryDirectory() as scratch:
                here = Path(scratch)
                opened = make_opened(here / "d", stub.base_url, dialogues, CONCURRENCY)
                write_questions(opened, here / "questions.jsonl")
                floor = asyncio.run(ask_barely(opened, stub))
                stub.told()
                timed = asyncio.run(run_pipeline(opened))
                told = stub.told()
                share = dialogues / told["asked"]
                seen["crowdglot"].ratios.append((timed.end - told["first"]) / floor * share)
                seen["crowdglot"].cpu.append(timed.cpu / told["asked"] * 1000)
                for number, (peer, python) in enumerate(zip(PEERS, pythons, strict=True)):
                    floor = asyncio.run(ask_barely(opened, stub))
                    place = here / f"peer{number}"
                    found = run(peer, python, stub, here / "questions.jsonl", place, CONCURRENCY)
                    seen[str(peer)].ratios.append(found.asking / floor)
                    seen[str(peer)].process.append(found.wall / floor)
                    seen[str(peer)].cpu.append(found.cpu / dialogues * 1000)
    rows = [figures.row(tool) for tool, figures in seen.items()]
    title = f"The same {dialogues:,} questions, {LATENCY * 1000:g} ms, {CONCURRENCY} at one time"
    table = Table(title=title)
    for column in rows[0]:
        table.add_column(column, justify="left" if column == "tool" else "right")
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)
    return rows
