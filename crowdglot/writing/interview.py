"""The one driver of interviews: it asks what a way or a judge wants to know, until it knows."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from crowdglot.dialogues.interview import Asked
from crowdglot.engines.calls import Call, Key
from crowdglot.engines.engine import Completion

Result = TypeVar("Result")
Ask = Callable[[Key, Asked], Awaitable[Call]]


class NothingAsked(Exception):
    """Nothing more may be asked: a stop is wanted, a budget is spent, or there is no engine."""


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
