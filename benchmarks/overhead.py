"""What crowdglot costs beside the model: its wall time over that of a bare aiohttp client.

``python -m benchmarks.overhead [--way self_play] [--json] [--runs N] [--dialogues N]
[--latencies …]``: the same
questions to the same local server of fixed latency (or of a heavy tail: log-normal, the latency its
median), first by a bare loop, then by the pipeline: plan, prompts, engine, journal, critics,
duplicates' verdicts, Parquet. Both are measured from the first question to the end: the last
answer of the loop, the last shard of the pipeline on the disk. "cpu ms" is the processor's time for
a dialogue, of this process and the one that judges, critics and writing included: wall time says
more of the machine than of us. "busy" is how many questions the server had on average, from the
first to the last that came, over how many it was allowed; that of the loop follows. Runs of both
alternate. With ``--way self_play`` a dialogue is a chain of questions, one a turn: the loop asks as
many dialogues at a time, and of each one question after the other.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.table import Table

from benchmarks import command
from benchmarks.peers.work import processor_seconds
from benchmarks.stub import EVENTS, TURNS, Stub, serving
from crowdglot.datasets.funnel import measure_funnel
from crowdglot.datasets.shards import Shard
from crowdglot.dialogues.interview import Asked
from crowdglot.engines.calls import Key
from crowdglot.engines.chat import request_body
from crowdglot.engines.engine import Request
from crowdglot.recipes import build_recipe
from crowdglot.writing.budget import Budget
from crowdglot.writing.judging import AnotherProcess
from crowdglot.writing.opened import OpenedRecipe, open_recipe
from crowdglot.writing.run import Started, start
from crowdglot.writing.shards.in_order import in_this_process
from crowdglot.writing.watch import Watch
from crowdglot.writing.write import WriteShards, write_dataset

# Questions of a dialogue.
CALLS = {"whole": 1, "self_play": TURNS}


def make_opened(
    folder: Path,
    base_url: str,
    dialogues: int,
    concurrency: int,
    rounds: int = 0,
    way: str = "whole",
) -> OpenedRecipe:
    """A recipe of one language; ``rounds``: of the search for near-duplicates."""
    table = {
        "name": "overhead",
        "languages": ["fr"],
        "dialogues_per_language": dialogues,
        "turns": [TURNS, TURNS],
        "events": EVENTS,
        "output": str(folder),
        "way": way,
        "engine": {
            "kind": "openai",
            "model": "stub",
            "base_url": base_url,
            "concurrency": concurrency,
        },
        "duplicates": {"rounds": rounds},
    }
    return open_recipe(build_recipe(table, (), "benchmark"))


def first_request(opened: OpenedRecipe, index: int) -> Request:
    """The first question for a scenario."""
    asked = opened.next(index, ())
    assert isinstance(asked, Asked)
    return opened.request(Key(index, 0), asked)


def questions(opened: OpenedRecipe, index: int) -> Iterator[Request]:
    """All questions for a scenario, as if each were answered with one turn."""
    answers: list[str] = []
    while isinstance(asked := opened.next(index, answers), Asked):
        yield opened.request(Key(index, 0, step=len(answers)), asked)
        answers.append(json.dumps({"turn": f"Phrase numéro {len(answers)}.", "settled": "no"}))


async def ask_barely(opened: OpenedRecipe, stub: Stub) -> float:
    """Seconds of the loop; prompts are written before."""
    concurrency = opened.recipe.engine.concurrency
    bodies = [
        [json.dumps({"model": "stub"} | request_body(one)) for one in questions(opened, index)]
        for index in range(opened.recipe.dialogues_per_language)
    ]
    waiting = iter(bodies)
    headers = {"Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def work() -> None:
            for body in (body for dialogue in waiting for body in dialogue):
                async with session.post(f"{stub.base_url}/chat/completions", data=body) as answer:
                    json.loads(await answer.read())

        start = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(work())
    return time.monotonic() - start


@dataclass
class Timed:
    """A ``ShardWriter`` that tells when the last shard was on the disk (monotonic clock), and the
    processor's seconds until then, from when all was loaded on."""

    end: float = 0.0
    cpu: float = 0.0

    @asynccontextmanager
    async def __call__(
        self, opened: OpenedRecipe, watch: Watch, budget: Budget
    ) -> AsyncIterator[WriteShards]:
        started = await start(opened)
        judging = started.judging
        spent = _seconds_of(judging.pid) if isinstance(judging, AnotherProcess) else 0.0
        before = processor_seconds() + spent
        loaded: asyncio.Future[Started] = asyncio.get_running_loop().create_future()
        loaded.set_result(started)
        async with in_this_process(loaded)(opened, watch, budget) as write_shards:

            async def write(missing: Sequence[Shard]) -> None:
                await write_shards(missing)
                self.end = time.monotonic()

            yield write
        self.cpu = processor_seconds() - before  # the other process has ended and been waited for


def _seconds_of(pid: int) -> float:
    """The processor's seconds of another process until now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def run_pipeline(opened: OpenedRecipe) -> Timed:
    """Write the whole dataset."""
    timed = Timed()
    await write_dataset(opened.recipe, shards=timed)
    return timed


def measure(
    latency: float, concurrency: int, dialogues: int, runs: int, *, heavy: bool, way: str = "whole"
) -> dict[str, float | str]:
    """The figures of one setting: medians, and the smallest and largest ratio."""
    ratios, cpu, busy, loop_busy = list[float](), list[float](), list[float](), list[float]()
    with serving(latency, heavy=heavy, single=way != "whole") as stub:
        for _ in range(runs):
            with tempfile.TemporaryDirectory() as folder:
                opened = make_opened(
                    Path(folder) / "d", stub.base_url, dialogues, concurrency, way=way
                )
                bare = asyncio.run(ask_barely(opened, stub))
                loop_busy.append(stub.told()["mean"] / concurrency)
                timed = asyncio.run(run_pipeline(opened))
                told = stub.told()
                funnel = measure_funnel(opened.folder)
                if funnel.accepted != dialogues:
                    raise RuntimeError(f"{funnel.accepted} accepted: {funnel.reasons}")
                # What was asked again after a rejection is work that the loop did not have.
                calls = CALLS[way]
                share = dialogues * calls / told["asked"]
                ratios.append((timed.end - told["first"]) / bare * share)
                cpu.append(timed.cpu / told["asked"] * calls * 1000)
                busy.append(told["mean"] / concurrency)
    return {
        "way": way,
        "latency_ms": latency * 1000,
        "tail": "heavy" if heavy else "none",
        "concurrency": concurrency,
        "ratio": round(statistics.median(ratios), 4),
        "least": round(min(ratios), 4),
        "most": round(max(ratios), 4),
        "cpu_ms": round(statistics.median(cpu), 3),
        "least_cpu_ms": round(min(cpu), 3),
        "most_cpu_ms": round(max(cpu), 3),
        "busy": round(statistics.median(busy), 4),
        "loop_busy": round(statistics.median(loop_busy), 4),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dialogues", type=int, default=6400, help="in each setting, at most")
    parser.add_argument("--seconds", type=float, default=16.0, help="of the loop, at most")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[8, 64, 512])
    parser.add_argument("--latencies", type=float, nargs="+", default=[50.0, 500.0], help="in ms")
    parser.add_argument("--way", choices=list(CALLS), default="whole")
    parser.add_argument("--heavy", action="store_true", help="the heavy tail too")
    parser.add_argument("--peers", action="store_true", help="other tools too, at 50 ms and 64")
    parser.add_argument("--peers-folder", type=Path, default=Path(".peers"))
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    table = Table(title=f"Wall time over a bare aiohttp client, median of {arguments.runs} runs")
    columns = (
        "latency",
        "tail",
        "concurrency",
        "ratio",
        "least",
        "most",
        "cpu ms",
        "busy",
        "loop's",
    )
    for column in columns:
        table.add_column(column, justify="right")
    figures = []
    for latency in arguments.latencies:
        for concurrency in arguments.concurrency:
            rounds = max(1, round(arguments.seconds / (latency / 1000) / CALLS[arguments.way]))
            count = min(arguments.dialogues, rounds * concurrency)
            for heavy in (False, True) if arguments.heavy else (False,):
                found = measure(
                    latency / 1000, concurrency, count, arguments.runs, heavy=heavy,
                    way=arguments.way,
                )  # fmt: skip
                figures.append({**found, "dialogues": count})
                table.add_row(
                    f"{latency:g} ms", str(found["tail"]), str(concurrency),
                    f"{found['ratio']:.3f}", f"{found['least']:.3f}", f"{found['most']:.3f}",
                    f"{found['cpu_ms']:.2f}", f"{found['busy']:.3f}", f"{found['loop_busy']:.3f}",
                )  # fmt: skip
    Console().print(table)
    said: dict[str, object] = {"overhead": figures}
    if arguments.peers:
        from benchmarks.peers.comparison import compare

        said["peers"] = compare(arguments.peers_folder, arguments.dialogues, arguments.runs)
    if arguments.json:
        print(json.dumps(said))


if __name__ == "__main__":
    command(main)
