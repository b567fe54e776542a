"""A model in a process of its own, one for each device.

In one process, Python's global lock would make one device wait for the other. Requests and
completions are sent through a pipe as plain dataclasses.
"""

import multiprocessing
import signal
import threading
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from itertools import count
from multiprocessing.connection import Connection
from typing import Any

from crowdglot.engines.engine import Completion, Request
from crowdglot.engines.transformers.local import Local
from crowdglot.engines.transformers.question import give
from crowdglot.errors import CrowdglotError, EngineError, EngineUnavailable

_LEAVE_SECONDS = 30.0


class Worker:
    """A process with a ``Local`` of its own; the same arguments and calls.

    Raises what loading raises there. If the process dies, all its questions fail.
    """

    def __init__(self, *local: Any) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._device = local[-1]
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs, *local), daemon=True)
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
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def submit(self, request: Request) -> "Future[Completion]":
        """Ask; a cancelled future frees its row in the other process."""
        future: Future[Completion] = Future()
        with self._lock:
            number = next(self._numbers)
            if self._gone:
                future.set_exception(self._death())
                return future
            self._asked[number] = future

        def stop(ended: "Future[Completion]") -> None:
            if ended.cancelled():
                self._send((number, None))

        future.add_done_callback(stop)
        self._send((number, request))
        return future

    def close(self) -> None:
        """Finish what is under way, and end the process."""
        self._send((-1, None))
        self._reader.join()
        self._process.join(_LEAVE_SECONDS)
        self._process.kill()  # nothing where it has ended
        self._process.join()
        self._pipe.close()

    def _send(self, message: tuple[int, Request | None]) -> None:
        with self._lock, suppress(OSError):  # the reader notices a broken pipe
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


def _serve(pipe: Connection, *arguments: Any) -> None:
    """What the process runs. It ignores Ctrl-C: the parent ends it in good order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        local = Local(*arguments)
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
        for future in list(asked.values()):  # the parent has died, so nobody wants the answers
            future.cancel()
    local.close()


def _portable(error: BaseException) -> BaseException:
    """An error that can be pickled: ours as they are, of others the words."""
    if isinstance(error, CrowdglotError):
        return error
    return RuntimeError(f"{type(error).__name__}: {error}")
