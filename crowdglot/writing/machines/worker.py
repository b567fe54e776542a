"""A worker's side of a run on several machines: groups of shards, with an engine of its own.

Where Dask or Ray starts a task, nothing of the flow's process is at hand but the recipe. The
process opens the recipe's engine and jury for the first group and keeps them for the next, so that
a model is loaded once; it leaves them when no group has come for a while. The API key is looked up
here, in this process's environment or in Prefect's store, and never sent.
"""

import asyncio
import signal
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Timer

from crowdglot.datasets.folder import check_claim
from crowdglot.datasets.shards import incomplete
from crowdglot.datasets.storage.lease import LOCK
from crowdglot.datasets.storage.location import desk
from crowdglot.engines.engine import Engine
from crowdglot.errors import CrowdglotError, StorageError
from crowdglot.memory import unsettle
from crowdglot.writing.binding import planned
from crowdglot.writing.budget import Budget
from crowdglot.writing.judging import Jury
from crowdglot.writing.machines.shard_locks import Claims
from crowdglot.writing.opened import Job, open_job
from crowdglot.writing.recipe import Recipe
from crowdglot.writing.run import Run, engage
from crowdglot.writing.shards.call_queue import Gate
from crowdglot.writing.shards.in_order import fill_in_order
from crowdglot.writing.watch import Stop, Tally

STOP = ".stop"
_LOOK_SECONDS = 0.5
_IDLE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Report:
    """What a group came to; tokens of its own calls; ``error``: one sentence, or ""."""

    written: int = 0
    accepted: int = 0
    rejected: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    error: str = ""


def fill_group(
    recipe: Recipe, ranks: Sequence[int], tokens: int | None, deadline: float | None
) -> Report:
    """Write the shards of these ranks that no other process is at.

    ``tokens``: that it may take; ``deadline``: in seconds since 1970; None for no limit. Errors of
    ours are told in the report.
    """
    return _BENCH.write(recipe, ranks, tokens, deadline)


def dask_setup(_worker: object) -> None:
    """Called by Dask, which preloads this module: a Ctrl-C is for the flow, which tells us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Bench:
    """The engine and jury of this process, kept from one group to the next of the same recipe.

    One group at a time, whatever number of threads the worker has: they would share one engine.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._made_for = ""
        self._loop = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._at_hand: tuple[Engine, Jury] | None = None
        self._idle = Timer(0, self.leave)

    def write(
        self, recipe: Recipe, ranks: Sequence[int], tokens: int | None, deadline: float | None
    ) -> Report:
        """See ``fill_group``."""
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
        """Close engine and jury, if they are open."""
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
    ) -> Report:
        stop, tally, written = Stop(), Tally(), 0
        try:
            job = open_job(recipe)
            _check_folder(job)
            if (desk(job.folder) / STOP).exists():
                return Report()
            until = None if deadline is None else time.monotonic() + deadline - time.time()
            engine, jury = await self._tools(job)
            run = Run(job, engine, jury, Gate(engine.concurrency), stop, tally)
            run.budget = Budget(tokens, until)
            written = await _fill(run, ranks)
        except CrowdglotError as error:
            stop.because(error)
        return Report(
            written,
            tally.accepted,
            tally.rejected,
            tally.prompt_tokens,
            tally.completion_tokens,
            str(stop.cause or ""),
        )

    async def _tools(self, job: Job) -> tuple[Engine, Jury]:
        made_for = job.recipe.model_dump_json()
        if self._at_hand is None or self._made_for != made_for:
            await self._stack.aclose()
            engine, jury = self._at_hand = await engage(job)
            self._stack.callback(unsettle)
            self._stack.push_async_exit(engine)
            self._stack.push_async_exit(jury)
            self._made_for = made_for
        return self._at_hand


_BENCH = _Bench()


def _check_folder(job: Job) -> None:
    """Raise StorageError unless this process sees the flow's journals, and plans the same rows."""
    place = desk(job.folder)
    if not (place / LOCK).exists():
        raise StorageError(
            f"{place.resolve()}: a worker does not see the run there; start the workers in the "
            "run's working directory, and let it and 'output' lie on a disk that all share."
        )
    _check_recipe(job)


def _check_recipe(job: Job) -> None:
    check_claim(job.folder, job.identity())
    if planned(job) != job.recipe.dialogues_per_language:
        raise StorageError(
            f"{job.folder}: has grown since this group of shards was sent; the run that made it "
            "grow writes the rest."
        )


async def _fill(run: Run, ranks: Sequence[int]) -> int:
    """Fill the shards that nobody else is at and that are not there yet; how many were filled."""
    place = desk(run.job.folder)
    watch = asyncio.create_task(_obey(place, run.stop))
    try:
        with Claims(place) as claims:
            mine = claims.take([run.job.shard(rank) for rank in ranks])
            _check_recipe(run.job)  # once more: whoever makes it grow, waits for these claims
            return await fill_in_order(run, incomplete(run.job.folder, mine))
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


async def _obey(folder: Path, stop: Stop) -> None:
    """Stop once the flow's wish to stop lies in the folder; it holds which budget is spent."""
    while True:
        if (folder / STOP).exists():
            with suppress(OSError):
                stop.spent = (folder / STOP).read_text("utf-8")
            stop.wanted = True
            return
        await asyncio.sleep(_LOOK_SECONDS)
