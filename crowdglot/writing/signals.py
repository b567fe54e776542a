"""Signals: when Ctrl-C reaches a run, and how it asks for a clean stop."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crowdglot.writing.watch import Stop

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def hold_back_interrupts() -> None:
    """Keep Ctrl-C for later, until ``stopping_on_signals``.

    While Prefect is loaded it would end the run with a traceback instead of cleanly.
    """
    if threading.current_thread() is threading.main_thread():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def let_interrupts_in() -> None:
    """End what ``hold_back_interrupts`` began; one that waits arrives now."""
    if threading.current_thread() is threading.main_thread():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def caught() -> dict[int, Any]:
    """The signals that ask for a stop, each with its handler now."""
    handlers: dict[int, Any] = {number: signal.getsignal(number) for number in _STOPPING}
    if handlers[signal.SIGHUP] == signal.SIG_IGN:
        del handlers[signal.SIGHUP]
    return handlers


@contextmanager
def stopping_on_signals(stop: Stop) -> Iterator[None]:
    """Let the first SIGINT, SIGTERM or SIGHUP ask for a clean stop; the second is not caught.

    Under ``nohup`` a hang-up stays what it is there: nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = caught()

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
