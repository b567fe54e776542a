"""Asking a stub through the OpenAI engine."""

import asyncio
from dataclasses import replace
from typing import Any

from crowdglot.engines.engine import Completion
from crowdglot.engines.openai.engine import OpenAI
from crowdglot.engines.settings import EngineSettings
from crowdglot.errors import EngineError
from tests.engines.questions import question
from tests.stub_server import Reply, Stub

KEY = "sk-canary-7f3a9b"
TEXT = '{"A1": "Yes.", "B1": "No."}'


def open_ai(url: str, *, api_key: str | None = None, **options: Any) -> OpenAI:
    """The engine on ``url``; ``options``: of the recipe, and how patient it is."""
    tries = options.pop("tries", OpenAI.tries)
    waits = options.pop("first_wait", 0.5), options.pop("longest_wait", 60.0)
    engine = OpenAI(EngineSettings(kind="openai", base_url=url, **options), api_key)
    engine.tries, engine.waits = tries, waits
    return engine


def ask(
    stub: Stub, *, times: int = 1, logprobs: int = 0, **options: Any
) -> list[Completion | BaseException]:
    """The outcomes of asking ``times`` times, one after another."""
    options = dict[str, Any](first_wait=0.01, api_key=KEY, tries=3) | options

    async def run() -> list[Completion | BaseException]:
        outcomes: list[Completion | BaseException] = []
        async with (
            asyncio.timeout(20),
            stub.served() as url,
            open_ai(url, **options) as engine,
        ):
            for seed in range(times):
                try:
                    asked = replace(question(seed=seed), logprobs=logprobs)
                    outcomes.append(await engine.complete(asked))
                except EngineError as error:
                    outcomes.append(error)
        return outcomes

    return asyncio.run(run())


def answer_of(*replies: Reply, **options: Any) -> Completion:
    """The one completion that came out of these replies."""
    (outcome,) = ask(Stub(*replies), **options)
    assert isinstance(outcome, Completion), outcome
    return outcome


def error_of(*replies: Reply, **options: Any) -> EngineError:
    """The one error that came out of these replies: a single sentence or two, no key in it."""
    (outcome,) = ask(Stub(*replies), **options)
    assert isinstance(outcome, EngineError), outcome
    assert KEY not in str(outcome)
    assert "\n" not in str(outcome)
    assert str(outcome).startswith("http://127.0.0.1:")
    return outcome
