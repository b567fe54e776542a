"""What the openai engine costs beside a bare aiohttp loop that asks the same.

Run: ``python -m benchmarks.engine_http [--latency 0.05] [--concurrency 64] [--requests 2000]
[--rounds 7] [--endpoints 1] [--heavy] [--json]``. Servers on loopback (``benchmarks.stub``), each
in a process of its own, answer after a fixed latency, or one with a heavy tail. Loop and engine
take turns on them, round after round. Printed are wall time and CPU time of this process, and their
ratios, engine over loop, within each round.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp

from benchmarks import command
from benchmarks.stub import serving
from crowdglot.engines.chat import request_body
from crowdglot.engines.engine import Message, Request, Sampling
from crowdglot.engines.openai.engine import OpenAI
from crowdglot.engines.openai.optional_fields import extensions
from crowdglot.engines.settings import EngineSettings

Ask = Callable[[Request], Awaitable[object]]


def _questions(count: int) -> list[Request]:
    """Prompts of about 4,000 characters; neighbours share all but the last message."""
    example = " ".join(["A line of a demonstration, as the prompt shows them."] * 30)
    schema = {"type": "object", "properties": {f"A{at}": {"type": "string"} for at in range(9)}}
    prefix = (Message("system", example), Message("user", "Write."), Message("assistant", example))
    return [
        Request(
            (*prefix, Message("user", f"Scenario {at}. {example[:800]}")), schema, Sampling(), at
        )
        for at in range(count)
    ]


async def _all(ask: Ask, questions: list[Request], concurrency: int) -> None:
    waiting = iter(questions)

    async def work() -> None:
        for question in waiting:
            await ask(question)

    await asyncio.gather(*(work() for _ in range(concurrency)))


@contextlib.asynccontextmanager
async def _bare(urls: list[str], concurrency: int) -> AsyncIterator[Ask]:
    """The floor: aiohttp as its documentation shows it, the servers in turn."""
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask(question: Request) -> None:
            url = f"{urls[question.seed % len(urls)]}/chat/completions"
            body = {"model": "stub"} | request_body(question) | extensions(question)
            async with session.post(url, json=body) as response:
                answer = await response.json()
            assert answer["choices"][0]["message"]["content"]

        yield ask


@contextlib.asynccontextmanager
async def _engine(urls: list[str], concurrency: int) -> AsyncIterator[Ask]:
    settings = EngineSettings(kind="openai", base_url=" ".join(urls), concurrency=concurrency)
    async with OpenAI(settings) as engine:
        yield engine.complete


async def _measure(options: argparse.Namespace, urls: list[str]) -> list[dict[str, float]]:
    questions = _questions(options.requests)
    rounds = []
    for at in range(options.rounds + 1):
        measured: dict[str, float] = {}
        contestants = [("bare", _bare), ("engine", _engine)]
        for name, contestant in contestants if at % 2 else reversed(contestants):
            async with contestant(urls, options.concurrency) as ask:
                await _all(ask, questions[: 2 * options.concurrency], options.concurrency)
                wall, cpu = time.perf_counter(), time.process_time()
                await _all(ask, questions, options.concurrency)
                measured[f"{name}_s"] = time.perf_counter() - wall
                spent = time.process_time() - cpu
                measured[f"{name}_cpu_ms"] = 1000 * spent / options.requests
        measured["wall_ratio"] = measured["engine_s"] / measured["bare_s"]
        measured["cpu_ratio"] = measured["engine_cpu_ms"] / measured["bare_cpu_ms"]
        if at:  # the first round warms everything up
            rounds.append(measured)
    return rounds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--endpoints", type=int, default=1)
    parser.add_argument("--heavy", action="store_true", help="latencies with a heavy tail")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        stubs = [
            stack.enter_context(serving(options.latency, heavy=options.heavy))
            for _ in range(options.endpoints)
        ]
        urls = [stub.base_url for stub in stubs]
        rounds = asyncio.run(_measure(options, urls))
    print(f"{'':16}{'median':>10}{'least':>10}{'most':>10}")
    for name in rounds[0]:
        figures = [measured[name] for measured in rounds]
        print(
            f"{name:16}{statistics.median(figures):10.3f}{min(figures):10.3f}{max(figures):10.3f}"
        )
    if options.json:
        asked = {"latency_s": options.latency, "concurrency": options.concurrency}
        print(json.dumps(asked | {"requests": options.requests, "rounds": rounds}))


if __name__ == "__main__":
    command(main)
