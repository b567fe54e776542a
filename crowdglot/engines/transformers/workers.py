"""A model in a process of its own, one a device: Python's lock would share one process's time.

Requests and completions travel through a pipe as plain dataclasses.
"""

import multiprocessing
import signal
import threading
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from itertools import count
from multiprocessing.connection import Connection

from crowdglot.engines.engine import Completion, Request
from crowdglot.engines.transformers.local import Local, Plan
from crowdglot.engines.transformers.question import give
from crowdglot.errors import CrowdglotError, EngineError, EngineUnavailable

_LEAVE_SECONDS = 30.0


class Worker:
    """A process that loads ``plan`` on ``device``; the same calls as ``Local``.

    Raises what loading raises there. A process that dies fails what it was asked.
    """

    def __init__(self, plan: Plan, device: str) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._device = device
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs, plan, device), daemon=True)
        self._process.start()
        theirs.close()
        self._numbers = count()
        self._asked: dict[int, Future[Completion]] = {}
        self._lock = threading.Lock()
        self._gone = False
        try:
            loaded = self._pipe.recv()
        except EOFError:
            loaded = self._death()
        if isinstance(loaded, BaseException):
            self._process.join(_LEAVE_SECONDS)
            self._pipe.close()
            raise loaded
        self._reader = threading.Thread(target=self._read, name=f"worker-{device}", daemon=True)
        self._reader.start()

    def submit(self, request: Request) -> "Future[Completion]":
        """Ask; a cancelled future frees its row over there."""
        future: Future[Completion] = Future()
        with self._lock:
            number = next(self._numbers)
            if self._gone:
                future.set_exception(self._death())
                return future
            self._asked[number] = future
        future.add_done_callback(partial(self._cancel, number))
        self._send((number, request))
        return future

    def close(self) -> None:
        """Finish what is under way, and end the process."""
        self._send((-1, None))
        self._reader.join()
        self._process.join(_LEAVE_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._pipe.close()

    def _cancel(self, number: int, future: "Future[Completion]") -> None:
        if future.cancelled():
            self._send((number, None))

    def _send(self, message: tuple[int, Request | None]) -> None:
        with self._lock, suppress(OSError):  # a broken pipe is noticed by the reader
            self._pipe.send(message)

    def _read(self) -> None:
        try:
            while True:
                number, answer = self._pipe.recv()
                with self._lock:
                    future = self._asked.pop(number)
                give(future, answer)
        except (EOFError, OSError):
            with self._lock:
                self._gone = True
                lost, self._asked = self._asked, {}
            for future in lost.values():
                give(future, self._death())

    def _death(self) -> EngineUnavailable:
        self._process.join(_LEAVE_SECONDS)
        return EngineUnavailable(
            f"The process that ran the model on {self._device} has ended (exit code"
            f" {self._process.exitcode}); look for a lack of memory, then start again."
        )


def _serve(pipe: Connection, plan: Plan, device: str) -> None:
    """The worker's whole life; signals of the terminal are the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        local = Local(plan, device)
    except Exception as error:
        pipe.send(_portable(error))
        return
    pipe.send(None)
    lock = threading.Lock()
    asked: dict[int, Future[Completion]] = {}

    def answer(number: int, future: "Future[Completion]") -> None:
        asked.pop(number, None)
        fault = EngineError("cancelled") if future.cancelled() else future.exception()
        with lock, suppress(OSError):
            pipe.send((number, _portable(fault) if fault else future.result()))

    try:
        while True:
            number, request = pipe.recv()
            if number < 0:
                break
            if request is None:
                if future := asked.get(number):
                    future.cancel()
                continue
            asked[number] = future = local.submit(request)
            future.add_done_callback(partial(answer, number))
    except (EOFError, OSError):
        for future in list(asked.values()):  # the parent has died: nobody waits for these
            future.cancel()
    local.close()


def _portable(error: BaseException) -> BaseException:
    """An error that survives the pipe: ours as they are, others by their words."""
    if isinstance(error, CrowdglotError):
        return error
    return RuntimeError(f"{type(error).__name__}: {error}")
