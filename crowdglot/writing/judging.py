"""The jury: from completions to judged rows, in this process or in one of its own.

Judging takes processor time and no waiting, asking takes waiting and little time. With many calls
at a time the two would hold each other up in one process; ``Apart`` has a second one judge, which
gets the lines of the journal on its standard input and answers with Arrow.
"""

import asyncio
import json
import struct
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import pyarrow as pa

from crowdglot.datasets.duplicates import read_ledger
from crowdglot.datasets.journal import decode, encode
from crowdglot.datasets.record import SCHEMA, Entry, to_row
from crowdglot.dialogues.prompt import turn_keys
from crowdglot.engines.engine import Completion
from crowdglot.errors import CrowdglotError
from crowdglot.memory import settle
from crowdglot.writing.opened import Job, open_job
from crowdglot.writing.recipe import Recipe

# From so many calls at a time on, judging gets a process of its own.
_MANY_CALLS = 16
_MOST_AT_ONCE = 64
_SIZE = struct.Struct(">Q")
_READY = b"ready"


@dataclass(frozen=True, slots=True)
class Judged:
    """Row ``at`` of ``table`` (of the record schema). ``keep``: whether the plan takes it."""

    table: pa.Table
    at: int
    keep: bool


class Jury(Protocol):
    """Who judges completions."""

    async def judge(self, entry: Entry, line: bytes = b"", *, wanted: bool = True) -> Judged:
        """Judge one; ``line``: the entry as ``encode`` writes it, where the caller has it;
        ``wanted``: whether its place is still open."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *error: object) -> None: ...


def summon(job: Job, calls: int) -> Jury:
    """The jury for an engine that takes so many calls at a time."""
    return Apart(job.recipe) if calls >= _MANY_CALLS else Here(job)


def to_table(job: Job, entries: Sequence[tuple[Entry, bool]]) -> pa.Table:
    """Judge entries, each with whether it is wanted, and make them rows."""
    ledger, rows = read_ledger(job.folder), []
    judged = job.judge([entry for entry, _ in entries])
    for (entry, wanted), (dialogue, verdicts) in zip(entries, judged, strict=True):
        verdicts = (*verdicts, *ledger.verdicts(entry))
        keep = wanted and all(verdict.passed for verdict in verdicts)
        rows.append(to_row(entry, dialogue, job.sampling, verdicts, keep=keep))
    return pa.Table.from_pylist(rows, schema=SCHEMA)


class Here:
    """A jury in this process, one completion at a time."""

    def __init__(self, job: Job) -> None:
        self._job = job

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    async def judge(self, entry: Entry, line: bytes = b"", *, wanted: bool = True) -> Judged:
        """See ``Jury``."""
        await asyncio.sleep(0)  # the next question goes out first: the engine does not wait
        table = to_table(self._job, [(entry, wanted)])
        return Judged(table, 0, not table["reason"][0].as_py())


# Lines of entries, and who waits for their verdicts.
_Batch = list[tuple[bytes, asyncio.Future[Judged]]]


class Apart:
    """A jury in a process of its own, which gets what has gathered while it was busy."""

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
        """The process's number, 0 before it is started."""
        return self._process.pid if self._process else 0

    async def __aenter__(self) -> Self:
        """Start it, and wait until it has read the recipe's sources."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crowdglot.writing.judging",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # A Ctrl-C is for the run to handle: it ends this process by closing its input.
            start_new_session=True,
        )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(self._recipe.model_dump_json().encode() + b"\n")
        try:
            await self._process.stdout.readexactly(len(_READY))
        except asyncio.IncompleteReadError:
            raise _ended() from None
        self._talk = asyncio.create_task(self._converse(self._process))
        return self

    async def __aexit__(self, *error: object) -> None:
        """End the process."""
        if self._talk is not None:
            self._talk.cancel()
            await asyncio.wait({self._talk})
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()

    async def judge(self, entry: Entry, line: bytes = b"", *, wanted: bool = True) -> Judged:
        """See ``Jury``."""
        verdict: asyncio.Future[Judged] = asyncio.get_running_loop().create_future()
        if self._talk is None or self._talk.done():
            raise _ended()
        self._waiting.append(((b"+" if wanted else b"-") + (line or encode(entry)), verdict))
        self._some.set()
        return await verdict

    async def _converse(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send(process.stdin))
                group.create_task(self._receive(process.stdout))
        except* (asyncio.IncompleteReadError, ConnectionError):
            for _, verdict in (*(pair for batch in self._sent for pair in batch), *self._waiting):
                if not verdict.done():
                    verdict.set_exception(_ended())

    async def _send(self, stdin: asyncio.StreamWriter) -> None:
        """Send what has gathered, one batch ahead of the one that is judged."""
        while True:
            await self._some.wait()
            await self._ahead.acquire()
            batch, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
            if not self._waiting:
                self._some.clear()
            self._sent.append(batch)
            stdin.writelines([b"%d\n" % len(batch), *(line for line, _ in batch)])
            await stdin.drain()

    async def _receive(self, stdout: asyncio.StreamReader) -> None:
        while True:
            (size,) = _SIZE.unpack(await stdout.readexactly(_SIZE.size))
            content = await stdout.readexactly(size)
            self._ahead.release()
            _hand_out(self._sent.popleft(), content)


def _hand_out(batch: _Batch, content: bytes) -> None:
    table = pa.ipc.open_stream(content).read_all()
    reasons = table["reason"].to_pylist()
    for at, (_, verdict) in enumerate(batch):
        if not verdict.done():
            verdict.set_result(Judged(table, at, not reasons[at]))


def _ended() -> CrowdglotError:
    return CrowdglotError(
        "The process that judges drafts has ended (out of memory, or killed); run the same command "
        "again to go on."
    )


def serve(stdin: Any, stdout: Any) -> None:
    """Judge batches from ``stdin`` until it is closed: the other side of ``Apart``."""
    job = open_job(Recipe.model_validate_json(stdin.readline()))
    _warm_up(job)
    stdout.write(_READY)
    stdout.flush()
    while count := stdin.readline():
        entries = []
        for _ in range(int(count)):
            line = stdin.readline()
            entry = decode(line[1:])
            if entry is None:
                return  # the run was killed in the middle of a line
            entries.append((entry, line[:1] == b"+"))
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, SCHEMA) as writer:
            writer.write_table(to_table(job, entries))
        content = sink.getvalue()
        stdout.write(_SIZE.pack(content.size))
        stdout.write(content)
        stdout.flush()


def _warm_up(job: Job) -> None:
    """Judge a dialogue of each language, which loads models and word lists."""
    for number in range(len(job.materials.plan.languages)):
        keys = turn_keys(job.materials.plan.scenario(number).order)
        text = json.dumps({key: f"{key}: hm, well, and why not?" for key in keys})
        completion = Completion(text, "stop", 0, 0, 0.0)
        to_table(job, [(Entry(number, 0, 0, "", "", "", completion, 0.0), True)])
    settle()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
