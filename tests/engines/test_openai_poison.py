"""One question that a server cannot answer, among others that it answers."""

import asyncio

import pytest
from aiohttp import web

from crowdglot.errors import EngineUnavailable, RequestRefused
from tests.engines.asking import open_ai
from tests.engines.questions import question
from tests.stub_server import Stub, after, chat, fixed

pytestmark = pytest.mark.server


async def poisoned(request: web.Request, asked: dict[str, object]) -> web.StreamResponse:
    # Late enough that others have been answered, whatever the waits between the tries are.
    reply = after(0.2, fixed(500, error="boom")) if asked["seed"] == 0 else chat()
    return await reply(request, asked)


def test_a_question_that_always_fails_is_refused_where_others_are_answered() -> None:
    async def run() -> list[object]:
        async with (
            asyncio.timeout(20),
            Stub(poisoned).served() as url,
            open_ai(url, first_wait=0.02, tries=3, concurrency=2) as engine,
        ):

            async def others() -> list[object]:
                return [await engine.complete(question(seed=seed)) for seed in range(1, 30)]

            first = engine.complete(question(seed=0))
            return list(await asyncio.gather(first, others(), return_exceptions=True))

    refused, answers = asyncio.run(run())
    assert isinstance(answers, list) and len(answers) == 29
    assert isinstance(refused, RequestRefused), refused


def test_a_server_that_answers_nobody_ends_the_run() -> None:
    async def run() -> list[BaseException]:
        async with (
            asyncio.timeout(20),
            Stub(fixed(500, error="boom")).served() as url,
            open_ai(url, first_wait=0.01, tries=3, concurrency=4) as engine,
        ):
            asked = (engine.complete(question(seed=seed)) for seed in range(4))
            return [
                error
                for error in await asyncio.gather(*asked, return_exceptions=True)
                if isinstance(error, BaseException)
            ]

    errors = asyncio.run(run())
    assert {type(error) for error in errors} == {EngineUnavailable} and len(errors) == 4
