"""What crowdglot costs beside the model: its wall time over that of a bare aiohttp client.

``python -m benchmarks.overhead [--json] [--runs N] [--dialogues N] [--latencies …]``: the same
questions to the same local server of fixed latency (or of a heavy tail: log-normal, the latency its
median), first by a bare loop, then by the pipeline: plan, prompts, engine, journal, critics,
duplicates' verdicts, Parquet. Both are measured from the first question to the end: the last
answer of the loop, the last shard of the pipeline on the disk. "busy" is how many questions the
server had on average, from the first to the last that came, over how many it was allowed; that of
the loop stands beside it. Runs of both alternate.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.table import Table

from benchmarks import command
from benchmarks.stub import EVENTS, TURNS, Stub, serving
from crowdglot.datasets.funnel import measure_funnel
from crowdglot.engines.chat import request_body
from crowdglot.writing.binding import claim_dataset
from crowdglot.writing.opened import Job, open_job
from crowdglot.writing.recipe import build_recipe
from crowdglot.writing.run import engage, running
from crowdglot.writing.shards.in_order import fill_in_order


def make_job(folder: Path, base_url: str, dialogues: int, concurrency: int, rounds: int = 0) -> Job:
    """A job of one language; ``rounds``: of the search for near-duplicates."""
    table = {
        "name": "overhead",
        "languages": ["fr"],
        "dialogues_per_language": dialogues,
        "turns": [TURNS, TURNS],
        "events": EVENTS,
        "output": str(folder),
        "engine": {
            "kind": "openai",
            "model": "stub",
            "base_url": base_url,
            "concurrency": concurrency,
        },
        "duplicates": {"rounds": rounds},
    }
    return open_job(build_recipe(table, (), "benchmark"))


async def ask_barely(job: Job, stub: Stub) -> float:
    """Seconds of the loop; prompts are written before."""
    concurrency = job.recipe.engine.concurrency
    bodies = [
        json.dumps({"model": "stub"} | request_body(job.request(job.materials.plan.scenario(i), 0)))
        for i in range(job.recipe.dialogues_per_language)
    ]
    waiting = iter(bodies)
    headers = {"Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def work() -> None:
            for body in waiting:
                async with session.post(f"{stub.base_url}/chat/completions", data=body) as answer:
                    json.loads(await answer.read())

        start = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(work())
    return time.monotonic() - start


async def run_pipeline(job: Job) -> float:
    """The moment (monotonic clock) at which the last shard was on the disk."""
    claim_dataset(job)
    async with running(job, await engage(job)) as run:
        await fill_in_order(run, job.shards())
        if run.stop.cause:
            raise run.stop.cause
        return time.monotonic()


def measure(
    latency: float, concurrency: int, dialogues: int, runs: int, *, heavy: bool
) -> dict[str, float | str]:
    """The figures of one setting: medians, and the smallest and largest ratio."""
    ratios, busy, loop_busy = list[float](), list[float](), list[float]()
    with serving(latency, heavy=heavy) as stub:
        for _ in range(runs):
            with tempfile.TemporaryDirectory() as folder:
                job = make_job(Path(folder) / "d", stub.base_url, dialogues, concurrency)
                bare = asyncio.run(ask_barely(job, stub))
                loop_busy.append(stub.told()["mean"] / concurrency)
                end = asyncio.run(run_pipeline(job))
                told = stub.told()
                funnel = measure_funnel(job.folder)
                if funnel.accepted != dialogues:
                    raise RuntimeError(f"{funnel.accepted} accepted: {funnel.reasons}")
                # What was asked again after a rejection is work that the loop did not have.
                share = dialogues / told["asked"]
                ratios.append((end - told["first"]) / bare * share)
                busy.append(told["mean"] / concurrency)
    return {
        "latency_ms": latency * 1000,
        "tail": "heavy" if heavy else "none",
        "concurrency": concurrency,
        "ratio": round(statistics.median(ratios), 4),
        "least": round(min(ratios), 4),
        "most": round(max(ratios), 4),
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
    parser.add_argument("--heavy", action="store_true", help="the heavy tail too")
    parser.add_argument("--peers", action="store_true", help="other tools too, at 50 ms and 64")
    parser.add_argument("--peers-folder", type=Path, default=Path(".peers"))
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    table = Table(title=f"Wall time over a bare aiohttp client, median of {arguments.runs} runs")
    for column in ("latency", "tail", "concurrency", "ratio", "least", "most", "busy", "loop's"):
        table.add_column(column, justify="right")
    figures = []
    for latency in arguments.latencies:
        for concurrency in arguments.concurrency:
            rounds = arguments.seconds / (latency / 1000)
            count = min(arguments.dialogues, round(rounds * concurrency))
            for heavy in (False, True) if arguments.heavy else (False,):
                found = measure(latency / 1000, concurrency, count, arguments.runs, heavy=heavy)
                figures.append({**found, "dialogues": count})
                table.add_row(
                    f"{latency:g} ms", str(found["tail"]), str(concurrency),
                    f"{found['ratio']:.3f}", f"{found['least']:.3f}", f"{found['most']:.3f}",
                    f"{found['busy']:.3f}", f"{found['loop_busy']:.3f}",
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
