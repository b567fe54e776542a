"""A worker's side of a run on several machines: batches of shards, with an engine of its own.

Where Dask or Ray starts a task, nothing of the run's process is at hand but the recipe. The
process opens the recipe's engine and judging for the first batch and keeps them for the next, so
that a model is loaded once. It leaves them when no batch has come for a while. The API key is
looked up here, in this process's environment or in Prefect's store, and never sent.
"""

import asyncio
import signal
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Timer

from crowdglot.datasets.folder import check_binding
from crowdglot.datasets.shards import incomplete
from crowdglot.datasets.storage.guarded import read_stored
from crowdglot.datasets.storage.lease import LOCK
from crowdglot.datasets.storage.location import local_folder
from crowdglot.errors import CrowdglotError, StorageError
from crowdglot.writing.binding import planned
from crowdglot.writing.budget import Budget
from crowdglot.writing.machines.own_settings import keep_to_own_settings
from crowdglot.writing.machines.shard_locks import ShardLocks
from crowdglot.writing.opened import OpenedRecipe, open_recipe
from crowdglot.writing.recipe import Recipe
from crowdglot.writing.run import Run, Started, start
from crowdglot.writing.shards.in_order import fill_in_order
from crowdglot.writing.watch import Progress, Watch

STOP = ".stop"
_LOOK_SECONDS = 0.5
_IDLE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """What a batch came to. ``written``: shards; ``error``: one sentence, or ""."""

    written: int = 0
    progress: Progress = field(default_factory=Progress)
    error: str = ""


def fill_batch(
    recipe: Recipe, ranks: Sequence[int], tokens: int | None, deadline: float | None
) -> BatchCounts:
    """Write the shards of these ranks that no other process is at.

    ``tokens``: that it may take; ``deadline``: in seconds since 1970; None for no limit. Errors of
    ours are told in the report.
    """
    return _PROCESS.write(recipe, ranks, tokens, deadline)


def dask_setup(_worker: object) -> None:
    """Called by Dask, which preloads this module: a Ctrl-C is for the flow, which tells us."""
    keep_to_own_settings()
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Process:
    """The engine and judging of this process, kept from one batch to the next of the same recipe.

    One batch at a time, whatever number of threads the worker has: they would share one engine.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._made_for = ""
        self._loop = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._at_hand: Started | None = None
        self._idle = Timer(0, self.leave)

    def write(
        self, recipe: Recipe, ranks: Sequence[int], tokens: int | None, deadline: float | None
    ) -> BatchCounts:
        """See ``fill_batch``."""
        with self._lock:
            self._idle.cancel()
            try:
                report = self._loop.run(self._write(recipe, ranks, tokens, deadline))
            except BaseException:
                self._leave()
                raise
            if report.error:
                self._leave()
            self._idle = Timer(_IDLE_SECONDS, self.leave)
            self._idle.daemon = True
            self._idle.start()
            return report

    def leave(self) -> None:
        """Close engine and judging, if they are open."""
        with self._lock:
            self._idle.cancel()
            self._leave()

    def _leave(self) -> None:
        stack, self._stack, self._at_hand = self._stack, AsyncExitStack(), None
        self._loop.run(stack.aclose())
        self._loop.close()
        self._loop = asyncio.Runner()

    async def _write(
        self, recipe: Recipe, ranks: Sequence[int], tokens: int | None, deadline: float | None
    ) -> BatchCounts:
        watch, written = Watch(), 0
        try:
            opened = open_recipe(recipe)
            _check_folder(opened)
            if (local_folder(opened.folder) / STOP).exists():
                return BatchCounts()
            until = None if deadline is None else time.monotonic() + deadline - time.time()
            tools = await self._tools(opened)
            run = tools.run(opened, watch, Budget(tokens, until))
            watch.tell(tools.doubts)
            written = await _fill(run, ranks)
        except CrowdglotError as error:
            watch.stop.because(error)
        return BatchCounts(written, watch.progress, str(watch.stop.cause or ""))

    async def _tools(self, opened: OpenedRecipe) -> Started:
        made_for = opened.recipe.model_dump_json()
        if self._at_hand is None or self._made_for != made_for:
            await self._stack.aclose()
            tools = await start(opened)
            self._at_hand = await self._stack.enter_async_context(tools)
            self._made_for = made_for
        return self._at_hand


_PROCESS = _Process()


def _check_folder(opened: OpenedRecipe) -> None:
    """Raise StorageError unless this process sees the flow's journals, and plans the same rows."""
    here = local_folder(opened.folder)
    if not (here / LOCK).exists():
        raise StorageError(
            f"{here.resolve()}: a worker does not see the run there; start the workers in the "
            "run's working directory, and let it and 'output' lie on a disk that all share."
        )
    _check_recipe(opened)


def _check_recipe(opened: OpenedRecipe) -> None:
    check_binding(opened.folder, opened.identity())
    if planned(opened) != opened.recipe.dialogues_per_language:
        raise StorageError(
            f"{opened.folder}: has grown since this batch of shards was sent; the run that made it "
            "grow writes the rest."
        )


async def _fill(run: Run, ranks: Sequence[int]) -> int:
    """Fill the shards that nobody else is at and that are not there yet; how many were filled."""
    folder = local_folder(run.opened.folder)
    obeying = asyncio.create_task(_obey(folder, run.watch))
    try:
        with ShardLocks(folder) as locks:
            mine = locks.take([run.opened.shard(rank) for rank in ranks])
            _check_recipe(run.opened)  # once more: whoever makes it grow waits for these locks
            return await fill_in_order(run, incomplete(run.opened.folder, mine))
    finally:
        obeying.cancel()
        with suppress(asyncio.CancelledError):
            await obeying


async def _obey(folder: Path, watch: Watch) -> None:
    """Stop once the flow's wish to stop lies in the folder; it holds which budget is spent."""
    while True:
        if (folder / STOP).exists():
            with suppress(OSError, StorageError):
                watch.stop.spent = read_stored(folder / STOP, 4096).decode("utf-8", "replace")
            watch.stop.wanted = True
            return
        await asyncio.sleep(_LOOK_SECONDS)
