"""The scripted engine."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from crowdglot.engines.engine import Completion, Request
from crowdglot.engines.scripted import Answer, Scripted
from crowdglot.errors import EngineError, EngineUnavailable
from tests.engines.questions import question


def ask(engine: Scripted, seeds: Sequence[int]) -> list[Completion | BaseException]:
    async def run() -> list[Completion | BaseException]:
        async with engine:
            calls = (engine.complete(question(seed=seed)) for seed in seeds)
            return await asyncio.gather(*calls, return_exceptions=True)

    return asyncio.run(run())


def test_a_list_is_read_in_order_and_ends() -> None:
    whole = Completion("c", "stop", 1, 2, 0.5, (("c", -0.1), ("d", -2.0)))
    script: list[Answer] = ["a b", EngineUnavailable("later"), whole]
    first, second, third, fourth = ask(Scripted(script), [1, 2, 3, 4])
    assert isinstance(first, Completion) and (first.text, first.completion_tokens) == ("a b", 2)
    assert isinstance(second, EngineUnavailable)
    assert third is whole
    assert isinstance(fourth, EngineError)


def test_a_function_sees_the_request() -> None:
    answers = ask(Scripted(lambda request: f"seed {request.seed}"), [5, 6])
    assert [answer.text for answer in answers if isinstance(answer, Completion)] == [
        "seed 5",
        "seed 6",
    ]


def test_concurrency_is_kept_and_observed() -> None:
    engine = Scripted(concurrency=3, latency=lambda request: 0.01 * (request.seed % 2))
    ask(engine, range(10))
    assert (engine.calls, engine.peak, engine.running) == (10, 3, 0)


@pytest.mark.parametrize(
    ("kind", "expected"), [("integer", 4), ("boolean", True), ("null", None), ("string", "Turn x")]
)
def test_the_schema_is_filled(kind: str, expected: Any) -> None:
    asked = question(seed=4)
    schema = {"properties": {"x": {"type": kind}}, "required": ["x"]}
    request = Request(asked.messages, schema, asked.sampling, 4)
    engine = Scripted()

    async def run() -> str:
        async with engine:
            return (await engine.complete(request)).text

    value = json.loads(asyncio.run(run()))["x"]
    assert value == expected or str(value).startswith(str(expected))
