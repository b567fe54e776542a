"""Filling one shard: ask, keep, judge, ask again, until every place is taken or given up.

The completions of a shard decide everything, wherever they come from: a fresh engine, the journal
of a run that was killed, or the rows of a shard to be judged anew. So a first run, a resumed run
and ``rejudge`` are this one function with more or fewer completions to begin with.
"""

import asyncio
import time
from collections.abc import Set
from dataclasses import dataclass, field, replace

import pyarrow as pa

from crowdglot.datasets.journal import Journal, encode
from crowdglot.datasets.record import REFUSED, SCHEMA, Entry
from crowdglot.datasets.shards import Shard, close, read_entries, reopen, write_shard
from crowdglot.dialogues.prompt import prompt_hash
from crowdglot.engines.engine import Completion, Engine, Request
from crowdglot.errors import CrowdglotError, EngineError, RequestRefused
from crowdglot.writing.judging import Judged
from crowdglot.writing.run import Run

# One question may be refused for what it says; where so many are, one after the other, none is
# going to be answered.
_REFUSED_IN_A_ROW = 20


@dataclass(slots=True)
class _Filling:
    """The state of one shard while it is filled. ``known``: completions not judged yet;
    ``stored``: those that its files hold, which are not news."""

    run: Run
    shard: Shard
    journal: Journal
    known: dict[tuple[int, int], Entry]
    stored: Set[tuple[int, int]] = frozenset()
    judged: list[Judged] = field(default_factory=list)
    unfinished: int = 0

    async def take_place(self, number: int, first_index: int) -> None:
        """Find an accepted dialogue for one place of the plan, or give it up."""
        recipe, plan = self.run.job.recipe, self.run.job.materials.plan
        for times in range(recipe.max_replacements + 1):
            index = plan.replacement(first_index, times)
            for attempt in range(recipe.max_attempts):
                if (entry := self.known.pop((index, attempt), None)) is not None:
                    kept = await self.settle(entry)
                elif (answer := await self.ask(number, index, attempt)) is not None:
                    entry, line = answer
                    kept = await self.settle(entry, line)
                else:
                    self.unfinished += 1
                    return
                if kept:
                    return
                if entry.completion.finish_reason == REFUSED:
                    break  # the same question would be refused again

    async def ask(self, number: int, index: int, attempt: int) -> tuple[Entry, bytes] | None:
        """Put one question to the engine; None if there is none, or a stop is wanted."""
        run = self.run
        if run.engine is None:
            return None
        rank = (self.shard.rank, number)
        async with run.gate.near(rank):
            if run.over():
                return None
            request = run.job.request(run.job.materials.plan.scenario(index), attempt)
            async with run.gate.enter(rank):
                if run.over():
                    return None
                try:
                    with run.tally.busy():
                        completion = await _complete(run.engine, request)
                except CrowdglotError as error:
                    # Not raised: other calls are under way, and what they bring has been paid for.
                    run.stop.because(error)
                    return None
        entry = Entry(
            index=index,
            attempt=attempt,
            seed=request.seed,
            engine=run.engine.kind,
            model=run.engine.model,
            revision=run.engine.revision,
            completion=completion,
            created_at=time.time(),
            prompt_hash=prompt_hash(request.messages),
        )
        line = encode(entry)
        try:
            self.journal.append(line)
        except CrowdglotError as error:
            run.stop.because(error)
            return None
        run.tally.count(completion)
        if run.tally.refused == _REFUSED_IN_A_ROW:
            run.stop.because(EngineError(completion.text))
        return entry, line

    async def settle(self, entry: Entry, line: bytes = b"", *, wanted: bool = True) -> bool:
        """Have one completion judged; whether it was accepted."""
        judged = await self.run.jury.judge(entry, line, wanted=wanted)
        self.judged.append(judged)
        if (entry.index, entry.attempt) not in self.stored:
            self.run.tally.add(accepted=judged.keep)
        return judged.keep

    def rows(self, *, accepted: bool) -> pa.Table:
        """The rows of one of the two files, in no order."""
        places: dict[int, tuple[pa.Table, list[int]]] = {}
        for judged in self.judged:
            if judged.keep == accepted:
                places.setdefault(id(judged.table), (judged.table, []))[1].append(judged.at)
        parts = [table.take(chosen) for table, chosen in places.values()]
        # Not SCHEMA.empty_table(), which imports pandas where it is installed.
        return pa.concat_tables([pa.Table.from_batches([], SCHEMA), *parts])


async def fill_shard(run: Run, shard: Shard) -> bool:
    """Fill ``shard`` and write it; whether all places are taken, or given up.

    Its places are counted at the gate before (``hungry``), and off by this. After a stop nothing
    is written. Where nothing may be asked any more, without an engine or with a budget spent, the
    shard is written with what there is, and stays marked as unfinished. The journal is removed only
    once both files are in place; a crash at any moment leaves every completion in the journal, in
    the files, or in both.
    """
    folder = run.job.folder
    stored = await asyncio.to_thread(read_entries, folder, shard)
    in_files = {(e.index, e.attempt): e for e in stored}
    with Journal(shard.journal(folder)) as journal:
        if run.engine is None:
            for entry in in_files.values():
                journal.append(encode(entry))
        # What is stored goes first: at a URL another machine may have asked the same anew.
        known = {(e.index, e.attempt): e for e in journal.entries} | in_files
        filling = _Filling(run, shard, journal, known, in_files.keys())
        await _all_places(filling)
        to_write = run.engine is None or bool(run.stop.spent)
        if run.stop.cause or (filling.unfinished and not to_write):
            return False
        for entry in known.values():
            await filling.settle(entry, wanted=False)
        if filling.unfinished and not filling.judged:
            journal.remove()  # of a shard that was opened in vain nothing is left
            return False
        with run.tally.busy():
            await asyncio.to_thread(_put_away, filling, rewritten=bool(in_files))
    return not filling.unfinished


def _put_away(filling: _Filling, *, rewritten: bool) -> None:
    """Write the shard's files; it stays marked while places are open.

    Marked before all else where a crash between the two files, or behind them, would leave an
    unfinished shard that looks like a finished one.
    """
    folder, shard = filling.run.job.folder, filling.shard
    if filling.unfinished or rewritten:
        reopen(folder, shard)
    write_shard(folder, shard, filling.rows(accepted=True), filling.rows(accepted=False))
    if not filling.unfinished:
        close(folder, shard)
    filling.journal.remove()


async def _all_places(filling: _Filling) -> None:
    """Take all places at once; the gate decides whose question comes first."""

    async def take(number: int, index: int) -> None:
        try:
            await filling.take_place(number, index)
        except CrowdglotError as error:
            filling.run.stop.because(error)
            filling.unfinished += 1
        finally:
            filling.run.gate.settled()

    async with asyncio.TaskGroup() as group:
        for number, index in enumerate(filling.run.job.first_indices(filling.shard)):
            group.create_task(take(number, index))


async def _complete(engine: Engine, request: Request) -> Completion:
    """The engine's answer; a refusal of this one question is an answer too, of no tokens.

    Halves of characters, which JSON can hold and Parquet cannot, become U+FFFD.
    """
    start = time.perf_counter()
    try:
        completion = await engine.complete(request)
    except RequestRefused as refusal:
        completion = Completion(str(refusal), REFUSED, 0, 0, time.perf_counter() - start)
    try:
        completion.text.encode()
    except UnicodeEncodeError:
        text = completion.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        completion = replace(completion, text=text)
    return completion
