"""What the pipeline costs beside llama.cpp, and what it gains by the order of its prompts.

``python -m benchmarks.embedded [--json] [--model …] [--runs N] [--count N]``: the same questions,
one at a time, to the same loaded model: (bare) by a loop over llama.cpp's own call with its prompt
cache on; (pipeline) by the embedded engine in the plan's order, where neighbours share their
demonstrations, and with everything: journal, critics, Parquet; (shuffled) by the engine alone in
random order. The figure is generated tokens per second of wall time, prompts read included. So
that all ways do the same work, every answer is cut at the same length, before the model would end
it (otherwise who happens to get longer answers looks faster), and each way begins after a question
with demonstrations that are none of its own. Each run has another plan, and the order of the ways
turns round from run to run.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks import command
from benchmarks.overhead import first_request
from crowdglot.engines.chat import request_body
from crowdglot.engines.embedded import Embedded
from crowdglot.engines.engine import Request
from crowdglot.engines.settings import EngineSettings
from crowdglot.recipes import build_recipe
from crowdglot.writing.judging import InProcess
from crowdglot.writing.opened import OpenedRecipe, open_recipe
from crowdglot.writing.run import Run
from crowdglot.writing.shards.call_queue import CallQueue
from crowdglot.writing.shards.in_order import fill_in_order

_BLOCK = 4
_TOKENS = 128  # of each answer; fourteen turns have more


def make_opened(folder: Path, count: int, seed: int) -> OpenedRecipe:
    """A recipe of one attempt a dialogue, so that every way asks the same questions."""
    table = {
        "name": "embedded", "languages": ["fr"], "dialogues_per_language": count, "seed": seed,
        "turns": [14, 14], "max_attempts": 1, "max_replacements": 0, "output": str(folder),
        "demonstrations": {"block": _BLOCK}, "duplicates": {"rounds": 0},
        "sampling": {"max_tokens": _TOKENS},
    }  # fmt: skip
    return open_recipe(build_recipe(table, (), "benchmark"))


def ask_barely(engine: Embedded, requests: Sequence[Request]) -> tuple[int, float]:
    """Generated tokens and seconds of a loop over the library's own call."""
    tokens = 0
    start = time.perf_counter()
    for request in requests:
        body = request_body(request) | {"cache_prompt": True, "min_p": request.sampling.min_p,
                "repeat_penalty": request.sampling.repeat_penalty}  # fmt: skip
        answers: list[dict[str, object]] = []
        engine._server.handle_chat_completions(
            json.dumps(body).encode(), lambda answer, kept=answers: kept.append(json.loads(answer))
        )
        tokens += answers[-1]["usage"]["completion_tokens"]  # type: ignore[index]
    return tokens, time.perf_counter() - start


async def ask(engine: Embedded, requests: Sequence[Request]) -> tuple[int, float]:
    """The same through the engine."""
    start = time.perf_counter()
    tokens = [(await engine.complete(request)).completion_tokens for request in requests]
    return sum(tokens), time.perf_counter() - start


async def run_pipeline(engine: Embedded, opened: OpenedRecipe) -> tuple[int, float]:
    """The same through all of it."""
    run = Run(opened, engine, InProcess(opened), CallQueue(1))
    start = time.perf_counter()
    await fill_in_order(run, opened.shards())
    return run.watch.progress.completion_tokens, time.perf_counter() - start


async def measure(model: str, count: int, runs: int) -> dict[str, list[float]]:
    """Tokens per second by way, a figure a run."""
    found: dict[str, list[float]] = {}
    async with Embedded(EngineSettings(model=model)) as engine:
        for number in range(runs):
            with tempfile.TemporaryDirectory() as scratch:
                opened = make_opened(Path(scratch) / "d", count, number)
                requests = [first_request(opened, index) for index in range(count)]
                shuffled = random.Random(number).sample(requests, count)
                ways: dict[str, Callable[[], Awaitable[tuple[int, float]]]] = {
                    "bare": partial(asyncio.to_thread, ask_barely, engine, requests),
                    "pipeline": partial(run_pipeline, engine, opened),
                    "shuffled": partial(ask, engine, shuffled),
                }
                tokens: set[int] = set()
                for way in list(ways)[:: (-1) ** number]:
                    # Of a later block, which has demonstrations of its own.
                    await engine.complete(first_request(opened, count + _BLOCK))
                    generated, seconds = await ways[way]()
                    found.setdefault(way, []).append(generated / seconds)
                    tokens.add(generated)
                if len(tokens) > 1:
                    raise RuntimeError(f"not the same work: {tokens} tokens")
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="")
    parser.add_argument("--count", type=int, default=3 * _BLOCK)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    found = asyncio.run(measure(arguments.model, arguments.count, arguments.runs))
    ratios = {
        "pipeline_over_bare": ("pipeline", "bare"),
        "ordered_over_shuffled": ("pipeline", "shuffled"),
    }
    told = {
        name: sorted(a / b for a, b in zip(found[one], found[other], strict=True))
        for name, (one, other) in ratios.items()
    }
    table = Table(title=f"{arguments.count} questions a run, {arguments.runs} runs")
    for column in ("", "median", "least", "most"):
        table.add_column(column, justify="right" if column else "left")
    for way, rates in found.items():
        table.add_row(f"{way}, tokens/s", *(f"{f(rates):.1f}" for f in (median, min, max)))
    for name, values in told.items():
        table.add_row(name.replace("_", " "), *(f"{f(values):.3f}" for f in (median, min, max)))
    Console().print(table)
    if arguments.json:
        print(json.dumps({name: round(median(values), 4) for name, values in told.items()}))


if __name__ == "__main__":
    command(main)
