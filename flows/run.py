"""What the tasks of one run share within a process: the engine, the gate, the wish to stop."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from engines import build_engine
from engines.engine import Engine
from flows.gate import Gate
from flows.recipe import Recipe
from flows.shard import Stop, Tally


@dataclass(slots=True)
class Run:
    """A run under way in this process."""

    engine: Engine
    gate: Gate
    stop: Stop = field(default_factory=Stop)
    tally: Tally = field(default_factory=Tally)


CURRENT: ContextVar[Run] = ContextVar("crowdglot_run")


def make_engine(recipe: Recipe) -> Engine:
    """The recipe's engine, not yet entered; the API key comes from the environment."""
    settings = recipe.engine
    return build_engine(
        settings.kind,
        model=settings.model,
        base_url=settings.base_url,
        concurrency=settings.concurrency,
        api_key=os.environ.get(settings.api_key_env) or None,
        time_out=settings.time_out,
    )


def start_engine(recipe: Recipe) -> asyncio.Task[Engine]:
    """Begin to load the model; whoever awaits the task must leave the engine when done."""
    return asyncio.get_running_loop().create_task(make_engine(recipe).__aenter__())


def hold_back_interrupts() -> None:
    """Keep Ctrl-C for later, and from any process started until ``stopping_on_signals``.

    A terminal sends it to the whole group. Prefect's temporary server would end at once, and the
    flow would wait for it in vain instead of finishing cleanly. A blocked signal stays blocked in
    the server for good; here it is only delayed.
    """
    if threading.current_thread() is threading.main_thread():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def let_interrupts_in() -> None:
    """End what ``hold_back_interrupts`` began; one that waits arrives now."""
    if threading.current_thread() is threading.main_thread():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@contextmanager
def stopping_on_signals(stop: Stop) -> Iterator[None]:
    """Let the first SIGINT or SIGTERM ask for a clean stop; the second is no longer caught."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, _frame: object) -> None:
        stop.wanted = True
        for other in before:
            signal.signal(other, signal.SIG_DFL)

    for number in before:
        signal.signal(number, ask)
    let_interrupts_in()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
