"""The one driver of interviews: it asks what a way or a judge wants to know, until it knows."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from crowdglot.dialogues.interview import Asked
from crowdglot.engines.calls import REFUSED, Call, Key
from crowdglot.engines.chat import MOST_REASON
from crowdglot.engines.engine import Completion, Engine, Message, Request, Sampling
from crowdglot.errors import RequestRefused
from crowdglot.printable import label, whole

Result = TypeVar("Result")
Ask = Callable[[Key, Asked], Awaitable[Call]]


class NothingAsked(Exception):
    """Nothing more may be asked: a stop is wanted, a budget is spent, or there is no engine."""


async def complete(
    engine: Engine,
    request: Request,
    bears: Callable[[RequestRefused], bool] = lambda _: True,
) -> Completion:
    """The engine's answer; a refusal of this one question is an answer too, of no tokens.

    Halves of characters, which JSON can hold and Parquet cannot, become U+FFFD. Raises a refusal
    that ``bears`` says no to.
    """
    start = time.perf_counter()
    try:
        completion = await engine.complete(request)
    except RequestRefused as refusal:
        if not bears(refusal):
            raise
        completion = Completion(str(refusal), REFUSED, 0, 0, time.perf_counter() - start)
    reason, text = label(completion.finish_reason, MOST_REASON), whole(completion.text)
    return replace(completion, text=text, finish_reason=reason)


async def silence_on_texts(engine: Engine) -> str:
    """Why an engine does not tell how likely a text is, in a sentence; "" where it does."""
    asked = (Message("user", "A conversation.\nA: Good morning.\n"),)
    request = Request(asked, {}, Sampling(max_tokens=1), seed=0, scored=True)
    told = await complete(engine, request)
    if told.logprobs:
        return ""
    if told.finish_reason == REFUSED:
        return told.text
    return f"The engine '{engine.kind}' does not tell how likely a text is."


async def interview(
    step: Callable[[Sequence[Completion]], Asked | Result], first: Key, ask: Ask
) -> tuple[Result | None, tuple[Call, ...]]:
    """The result of ``step``, and the calls that led to it.

    The key of each call is ``first`` with the number of answers before it. A question that the
    engine refuses ends the interview without a result. Raises what ``ask`` raises.
    """
    calls: list[Call] = []
    while isinstance(wanted := step([call.completion for call in calls]), Asked):
        call = await ask(replace(first, step=len(calls)), wanted)
        calls.append(call)
        if call.refused:
            return None, tuple(calls)
    return wanted, tuple(calls)
