"""What every engine must do, asked of all of them."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from crowdglot.engines import ENGINES
from crowdglot.engines.engine import Completion, Engine
from crowdglot.errors import EngineError, RequestRefused
from tests.engines.conftest import MakeEngine
from tests.engines.questions import question

pytestmark = pytest.mark.server


def inside(engine: Engine, job: Callable[[Engine], Awaitable[None]]) -> None:
    """Run ``job`` with the engine open, within a minute."""

    async def run() -> None:
        async with asyncio.timeout(60), engine:
            await job(engine)

    asyncio.run(run())


def test_it_says_what_it_is(make_engine: MakeEngine) -> None:
    async def job(engine: Engine) -> None:
        assert engine.kind in ENGINES
        assert engine.model
        assert isinstance(engine.revision, str)
        assert engine.concurrency == 2
        assert "/site-packages/" not in engine.model

    inside(make_engine(2), job)


def test_answers_follow_the_schema_and_count_tokens(make_engine: MakeEngine) -> None:
    async def job(engine: Engine) -> None:
        asked = question(keys=("A1", "B1", "A2"))
        answer = await engine.complete(asked)
        turns = json.loads(answer.text)
        assert list(turns) == ["A1", "B1", "A2"]
        assert all(isinstance(turn, str) for turn in turns.values())
        assert answer.finish_reason == "stop"
        assert answer.prompt_tokens > 10
        assert 3 <= answer.completion_tokens <= asked.sampling.max_tokens
        assert answer.seconds >= 0

    inside(make_engine(1), job)


def test_the_seed_decides(make_engine: MakeEngine) -> None:
    async def job(engine: Engine) -> None:
        # The first answer of a served model may come from another state of its cache.
        await engine.complete(question(seed=0))
        one = await engine.complete(question(seed=7))
        same = await engine.complete(question(seed=7))
        others = {(await engine.complete(question(seed=seed))).text for seed in (8, 9)}
        assert one.text == same.text
        assert others != {one.text}

    inside(make_engine(1), job)


def test_any_seed_is_taken(make_engine: MakeEngine) -> None:
    async def job(engine: Engine) -> None:
        for seed in (0, 2**31 - 1, 2**32 - 1, 2**63):
            assert (await engine.complete(question(seed=seed, max_tokens=4))).text

    inside(make_engine(1), job)


def test_too_few_tokens_cut_the_answer(make_engine: MakeEngine) -> None:
    async def job(engine: Engine) -> None:
        answer = await engine.complete(question(max_tokens=5))
        assert answer.finish_reason == "length"
        assert answer.completion_tokens == 5

    inside(make_engine(1), job)


def test_plain_text_is_answered_without_a_schema(make_engine: MakeEngine) -> None:
    async def job(engine: Engine) -> None:
        answer = await engine.complete(replace(question(max_tokens=8), schema={}))
        assert answer.text and answer.completion_tokens <= 8

    inside(make_engine(1), job)


@pytest.mark.parametrize("schema", [True, False])
def test_the_likeliest_first_tokens_are_told_where_asked(
    make_engine: MakeEngine, schema: bool
) -> None:
    async def job(engine: Engine) -> None:
        asked = question(max_tokens=4) if schema else replace(question(max_tokens=4), schema={})
        assert (await engine.complete(asked)).logprobs == ()
        answer = await engine.complete(replace(asked, logprobs=4))
        assert answer.text
        values = [value for _, value in answer.logprobs]
        assert len(values) == (0 if engine.kind == "scripted" else 4)
        assert values == sorted(values, reverse=True)
        assert all(isinstance(token, str) for token, _ in answer.logprobs)
        assert all(value <= 0 for value in values)
        assert sum(map(math.exp, values)) <= 1.001

    inside(make_engine(1), job)


def test_each_caller_gets_its_own_answer(make_engine: MakeEngine) -> None:
    async def job(engine: Engine) -> None:
        keys = [("A1",), ("B1",), ("C1", "D1"), ("E1", "F1"), ("G1",)]
        asked = [question("the sea", keys=names, seed=at) for at, names in enumerate(keys)]
        answers = await asyncio.gather(*map(engine.complete, asked))
        assert [tuple(json.loads(answer.text)) for answer in answers] == keys

    inside(make_engine(2), job)


def test_cancelled_calls_leave_it_whole(make_engine: MakeEngine) -> None:
    async def job(engine: Engine) -> None:
        before = await engine.complete(question(seed=3))
        for wait in (0.0, 0.01, 0.1):
            calls = [
                asyncio.create_task(engine.complete(question(f"tea {n}", seed=n))) for n in range(4)
            ]
            await asyncio.sleep(wait)
            for call in calls:
                call.cancel()
            for end in await asyncio.gather(*calls, return_exceptions=True):
                assert isinstance(end, asyncio.CancelledError | Completion)
        after = await engine.complete(question(seed=3))
        assert list(json.loads(after.text)) == list(json.loads(before.text))

    inside(make_engine(2), job)


def test_a_time_out_of_the_caller_is_a_cancellation(make_engine: MakeEngine) -> None:
    async def job(engine: Engine) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await engine.complete(question(seed=4))
        assert (await engine.complete(question(seed=4))).text

    inside(make_engine(1), job)


def test_it_can_be_opened_twice(make_engine: MakeEngine) -> None:
    engine = make_engine(1)

    async def job(engine: Engine) -> None:
        assert (await engine.complete(question(max_tokens=4))).text

    inside(engine, job)
    inside(engine, job)


def test_it_must_be_open(make_engine: MakeEngine) -> None:
    engine = make_engine(1)
    with pytest.raises(EngineError, match="not open"):
        asyncio.run(engine.complete(question()))


def test_a_prompt_beyond_the_context_is_refused(make_engine: MakeEngine) -> None:
    async def job(engine: Engine) -> None:
        if engine.kind == "scripted":
            pytest.skip("a script has no context")
        with pytest.raises(RequestRefused, match=r"tokens.*\.$"):
            await engine.complete(question("word " * 4000))
        assert (await engine.complete(question(max_tokens=4))).text

    inside(make_engine(1), job)
