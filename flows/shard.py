"""Filling one shard: ask, keep, judge, ask again, until every place is taken or given up.

The completions of a shard decide everything, wherever they come from: a fresh engine, the journal
of a run that was killed, or the rows of a shard to be judged anew. So a first run, a resumed run
and ``rejudge`` are this one function with more or fewer completions to begin with.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from crowdglot.errors import CrowdglotError, EngineError, StorageError
from engines.engine import Engine
from flows.gate import Gate
from flows.job import Job
from outputs.duplicates import Ledger, read_ledger
from outputs.journal import Journal
from outputs.record import Entry, to_row
from outputs.shards import Shard, read_entries, write_shard


@dataclass(slots=True)
class Tally:
    """Counts while a run goes on; ``completion_tokens`` of this run's own calls only.

    ``under_way``: questions that the engine has not answered yet.
    """

    accepted: int = 0
    rejected: int = 0
    completion_tokens: int = 0
    under_way: int = 0

    def add(self, *, accepted: bool) -> None:
        """Count one judged draft."""
        self.accepted += accepted
        self.rejected += not accepted


@dataclass(slots=True)
class Stop:
    """A wish to stop, looked at between two questions; calls under way are waited for.

    ``cause``: the error that makes going on pointless; None if somebody just asked to stop.
    """

    wanted: bool = False
    cause: CrowdglotError | None = None

    def because(self, cause: CrowdglotError) -> None:
        """Stop on account of an error; the first one is kept."""
        self.cause = self.cause or cause
        self.wanted = True


@dataclass(slots=True)
class _Filling:
    """The state of one shard while it is filled."""

    job: Job
    journal: Journal
    engine: Engine | None
    gate: Gate
    rank: int
    stop: Stop
    tally: Tally
    known: dict[tuple[int, int], Entry]
    ledger: Ledger
    accepted: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    unfinished: int = 0

    async def take_place(self, first_index: int) -> None:
        """Find an accepted dialogue for one place of the plan, or give it up."""
        recipe, plan = self.job.recipe, self.job.materials.plan
        for times in range(recipe.max_replacements + 1):
            index = plan.replacement(first_index, times)
            for attempt in range(recipe.max_attempts):
                entry = self.known.pop((index, attempt), None) or await self.ask(index, attempt)
                if entry is None:
                    self.unfinished += 1
                    return
                if self.settle(entry):
                    return

    async def ask(self, index: int, attempt: int) -> Entry | None:
        """Put one question to the engine; None if there is none, or a stop is wanted."""
        if self.engine is None:
            return None
        async with self.gate.enter(self.rank):
            if self.stop.wanted:
                return None
            request = self.job.request(self.job.materials.plan.scenario(index), attempt)
            self.tally.under_way += 1
            try:
                completion = await self.engine.complete(request)
            except EngineError as error:
                # Not raised: other calls are under way, and what they bring has been paid for.
                self.stop.because(error)
                return None
            finally:
                self.tally.under_way -= 1
        entry = Entry(
            index=index,
            attempt=attempt,
            seed=request.seed,
            engine=self.engine.kind,
            model=self.engine.model,
            revision=self.engine.revision,
            completion=completion,
            created_at=time.time(),
        )
        try:
            self.journal.append(entry)
        except StorageError as error:
            self.stop.because(error)
            return None
        self.tally.completion_tokens += completion.completion_tokens
        return entry

    def settle(self, entry: Entry, *, wanted: bool = True) -> bool:
        """Judge one completion and make it a row; whether it was accepted."""
        dialogue, verdicts = self.job.judge(entry)
        verdicts = (*verdicts, *self.ledger.verdicts(entry))
        keep = wanted and all(verdict.passed for verdict in verdicts)
        row = to_row(entry, dialogue, self.job.sampling, verdicts, keep=keep)
        (self.accepted if keep else self.rejected).append(row)
        self.tally.add(accepted=keep)
        return keep


async def fill_shard(
    job: Job,
    shard: Shard,
    engine: Engine | None,
    gate: Gate,
    stop: Stop,
    tally: Tally,
    rank: int = 0,
) -> bool:
    """Fill ``shard`` and write it; whether that was done (False if it was stopped before).

    ``rank`` is the shard's place in the run: lower ones are asked first at the ``gate``.

    With ``engine`` None nothing is asked, and the shard is written with what there is. The journal
    is removed only once both files are in place; a crash at any moment leaves every completion in
    the journal, in the files, or in both.
    """
    known = {(e.index, e.attempt): e for e in read_entries(job.folder, shard)}
    with Journal(shard.journal(job.folder)) as journal:
        known |= {(e.index, e.attempt): e for e in journal.entries}
        ledger = read_ledger(job.folder)
        filling = _Filling(job, journal, engine, gate, rank, stop, tally, known, ledger)
        if engine is None:
            for entry in list(known.values()):
                journal.append(entry)
        await _all_places(filling, job.first_indices(shard))
        if filling.unfinished and engine is not None:
            return False
        for entry in known.values():
            filling.settle(entry, wanted=False)
        write_shard(
            job.folder, shard, filling.accepted, filling.rejected, complete=not filling.unfinished
        )
        journal.remove()
    return True


async def _all_places(filling: _Filling, indices: list[int]) -> None:
    """Take all places, as many at once as the engine has room for, in the order of the plan."""
    places = iter(indices)

    async def work() -> None:
        for index in places:
            await filling.take_place(index)

    concurrency = filling.engine.concurrency if filling.engine else 1
    async with asyncio.TaskGroup() as group:
        for _ in range(min(concurrency, len(indices))):
            group.create_task(work())
