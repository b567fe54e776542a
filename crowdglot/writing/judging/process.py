"""Judging in a process of its own.

It gets drafts as lines of the journal on its standard input, and answers with Arrow.
"""

import asyncio
import struct
import sys
from collections import deque
from typing import Self

import pyarrow as pa

from crowdglot.datasets.journal import encode
from crowdglot.engines.calls import Draft
from crowdglot.errors import CrowdglotError
from crowdglot.writing.judging.rows import Judged
from crowdglot.writing.recipe import Recipe

_MOST_AT_ONCE = 64
SIZE = struct.Struct(">Q")
READY = b"ready"

# Drafts as they are sent, and who waits for their rows.
_Batch = list[tuple[bytes, asyncio.Future[Judged]]]


class AnotherProcess:
    """Judges in another process, which gets what has gathered while it was busy."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._waiting: _Batch = []
        self._sent: deque[_Batch] = deque()
        self._some = asyncio.Event()
        self._ahead = asyncio.Semaphore(2)
        self._process: asyncio.subprocess.Process | None = None
        self._talk: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """Of the other process; 0 where there is none. Benchmarks count its processor's time."""
        return self._process.pid if self._process else 0

    async def __aenter__(self) -> Self:
        """Start it, and wait until it has read the recipe's sources."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "crowdglot.writing.judging.serving",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # A Ctrl-C is for the run to handle: it ends this process by closing its input.
            start_new_session=True,
        )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(self._recipe.model_dump_json().encode() + b"\n")
        try:
            await self._process.stdout.readexactly(len(READY))
        except asyncio.IncompleteReadError:
            raise _ended() from None
        self._talk = asyncio.create_task(self._converse(self._process))
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._talk is not None:
            self._talk.cancel()
            await asyncio.wait({self._talk})
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()

    async def judge(self, draft: Draft) -> Judged:
        judged: asyncio.Future[Judged] = asyncio.get_running_loop().create_future()
        if self._talk is None or self._talk.done():
            raise _ended()
        # A line with the number of its calls, then the calls as lines of the journal.
        packed = b"".join((b"%d\n" % len(draft.calls), *map(encode, draft.calls)))
        self._waiting.append((packed, judged))
        self._some.set()
        return await judged

    async def _converse(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send(process.stdin))
                group.create_task(self._receive(process.stdout))
        except* (asyncio.IncompleteReadError, ConnectionError):
            for _, judged in (*(pair for batch in self._sent for pair in batch), *self._waiting):
                if not judged.done():
                    judged.set_exception(_ended())

    async def _send(self, stdin: asyncio.StreamWriter) -> None:
        """Send what has gathered, one batch ahead of the one that is judged."""
        while True:
            await self._some.wait()
            await self._ahead.acquire()
            batch, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
            if not self._waiting:
                self._some.clear()
            self._sent.append(batch)
            stdin.writelines([b"%d\n" % len(batch), *(packed for packed, _ in batch)])
            await stdin.drain()

    async def _receive(self, stdout: asyncio.StreamReader) -> None:
        while True:
            (size,) = SIZE.unpack(await stdout.readexactly(SIZE.size))
            content = await stdout.readexactly(size)
            self._ahead.release()
            batch = self._sent.popleft()
            passed, table = content[: len(batch)], pa.ipc.open_stream(content[len(batch) :])
            rows = table.read_all()
            for at, (_, judged) in enumerate(batch):
                if not judged.done():
                    judged.set_result(Judged(rows, at, bool(passed[at])))


def _ended() -> CrowdglotError:
    return CrowdglotError(
        "The process that judges drafts has ended (out of memory, or killed); run the same command "
        "again to go on."
    )
