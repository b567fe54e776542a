"""Filling one shard: ask, keep, judge, ask again, until every dialogue is written or given up.

The calls of a shard decide everything, wherever they come from: a fresh engine, the journal of a
run that was killed, or the rows of a shard to be judged anew. So a first run, a resumed run and
``rejudge`` are this one function with more or fewer calls to begin with.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence, Set
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial

import pyarrow as pa

from crowdglot.datasets.journal import Journal
from crowdglot.datasets.record import SCHEMA, as_rejected
from crowdglot.datasets.shards import Shard, close, read_calls, reopen, write_shard
from crowdglot.dialogues.interview import WRITER, Asked
from crowdglot.dialogues.prompt import prompt_hash
from crowdglot.engines.calls import Call, Draft, Key
from crowdglot.errors import ContextTooSmall, CrowdglotError, EngineError, RequestRefused
from crowdglot.printable import label
from crowdglot.writing.interview import NothingAsked, complete, interview
from crowdglot.writing.judging import Judged
from crowdglot.writing.run import Run
from crowdglot.writing.shards.beginning import check_beginning, failure, note_passed, proven
from crowdglot.writing.shards.call_queue import Rank
from crowdglot.writing.shards.examining import examine

# One question may be refused for what it says; where so many are, one after the other, none is
# going to be answered.
_REFUSED_IN_A_ROW = 20


@dataclass(slots=True)
class _Filling:
    """The state of one shard while it is filled. ``known``: by index and attempt the calls of
    drafts that were not judged yet; ``stored``: of drafts that its files hold, which are not news;
    ``fresh``: of those that this run asked for; ``kept``, ``others``: judged drafts."""

    run: Run
    shard: Shard
    journal: Journal
    known: dict[tuple[int, int], dict[Key, Call]] = field(default_factory=dict)
    stored: Set[tuple[int, int]] = frozenset()
    fresh: set[tuple[int, int]] = field(default_factory=set)
    kept: list[Judged] = field(default_factory=list)
    others: list[Judged] = field(default_factory=list)
    unfinished: int = 0

    async def write_one(self, number: int, first_index: int) -> None:
        """Find an accepted dialogue for one position of the plan, or give it up."""
        recipe, plan = self.run.opened.recipe, self.run.opened.plan
        width = recipe.choice.candidates
        for times in range(recipe.max_replacements + 1):
            index = plan.replacement(first_index, times)
            for first in range(0, recipe.max_attempts, width):
                attempts = range(first, min(first + width, recipe.max_attempts))
                try:
                    drafts = await self.wave(number, index, attempts)
                    if await self.choose(number, drafts):
                        return
                except NothingAsked:
                    self.unfinished += 1
                    return
                if all(draft.refused for draft in drafts):
                    break  # the same question would be refused again

    async def wave(self, number: int, index: int, attempts: Sequence[int]) -> list[Draft]:
        """The drafts of these attempts, written together; raises what the first of them raises."""
        if len(attempts) == 1:  # no task for what nothing runs beside
            return [await self.draft(number, index, attempts[0])]
        ended = await asyncio.gather(
            *(self.draft(number, index, attempt) for attempt in attempts), return_exceptions=True
        )
        if failed := next((one for one in ended if isinstance(one, BaseException)), None):
            raise failed
        return [one for one in ended if isinstance(one, Draft)]

    async def choose(self, number: int, drafts: Sequence[Draft]) -> bool:
        """Have the drafts of a wave judged and keep the best one; whether there is one."""
        ask = partial(self.ask, (self.shard.rank, number))
        examined, chosen = await examine(self.run, ask, drafts)
        for at, (draft, judged) in enumerate(examined):
            self.put(draft, judged, keep=at == chosen)
        check_beginning(self.run.opened, self.run.watch)
        return chosen is not None

    async def draft(self, number: int, index: int, attempt: int) -> Draft:
        """The draft of this attempt: known, or asked for in an interview of the recipe's way."""
        run = self.run
        if run.engine is None:
            # The prompts are not compared: whoever judges anew has checked the sources.
            if (index, attempt) not in self.known:
                raise NothingAsked
            return Draft.of(self.known[index, attempt].values())
        rank = (self.shard.rank, number)
        async with run.queue.draft(rank) as call:
            step = run.opened.asking(index)
            _, calls = await interview(
                lambda answers: step([answer.text for answer in answers]),
                Key(index, attempt),
                partial(self.ask, rank, call=call),
            )
        return Draft(index, attempt, calls)

    async def ask(
        self, rank: Rank, key: Key, asked: Asked, call: Callable[[], Awaitable[None]] | None = None
    ) -> Call:
        """The answer to one question: the stored one to the same prompt, or the engine's.

        ``call``: what waits for a call that is not this question's alone, as a draft's.
        """
        run, hashed = self.run, prompt_hash(asked.messages)
        if (known := self.known.get((key.index, key.attempt), {}).get(key)) is not None:
            if known.prompt_hash == hashed:
                return known
            run.watch.progress.outdated += 1
        engine, queue = run.model(asked.of)
        if run.over() or engine is None:
            raise NothingAsked
        request = run.opened.request(key, asked)
        if call:
            await call()
        async with nullcontext() if call else queue.call(rank):
            if run.over():
                raise NothingAsked
            try:
                with run.watch.progress.busy():
                    bears = self.bears_refusal if asked.of == WRITER else lambda _: True
                    completion = await complete(engine, request, bears)
            except CrowdglotError as error:
                # Not raised: other calls are under way, and what they bring has been paid for.
                run.watch.stop.because(error)
                raise NothingAsked from None
        by = (engine.kind, label(engine.model), engine.revision)
        return self.keep(Call(key, hashed, request.seed, *by, completion, time.time()))

    def know(self, call: Call) -> None:
        """Note a call of a draft that is not judged yet."""
        self.known.setdefault((call.key.index, call.key.attempt), {})[call.key] = call

    def keep(self, call: Call) -> Call:
        """Put a call into the journal and count it."""
        watch = self.run.watch
        try:
            self.journal.keep(call)
        except CrowdglotError as error:
            watch.stop.because(error)
            raise NothingAsked from None
        self.know(call)
        self.fresh.add((call.key.index, call.key.attempt))
        watch.progress.count(call.completion)
        if watch.progress.refused == _REFUSED_IN_A_ROW:
            watch.stop.because(EngineError(call.completion.text))
        return call

    def put(self, draft: Draft, judged: Judged, *, keep: bool) -> None:
        """Note a judged draft; its calls are known no more."""
        self.known.pop((draft.index, draft.attempt), None)
        (self.kept if keep else self.others).append(judged)
        progress = self.run.watch.progress
        if (draft.index, draft.attempt) not in self.stored:
            progress.add(accepted=keep)
        if judged.passed and self.run.engine is not None:
            note_passed(self.run.opened.folder, progress)
        elif not progress.proven and (draft.index, draft.attempt) in self.fresh:
            progress.fail(*failure(draft, judged))

    def bears_refusal(self, refusal: RequestRefused) -> bool:
        """Whether the run goes on after a refusal: not where the model takes no question at all."""
        progress = self.run.watch.progress
        if progress.answered or not isinstance(refusal, ContextTooSmall):
            return True
        return proven(self.run.opened.folder, progress)


async def fill_shard(run: Run, shard: Shard) -> bool:
    """Fill ``shard`` and write it; whether all its dialogues are written, or given up.

    Whoever calls has counted them in the queue (``open_shard``); this counts them off. After a
    stop nothing is written. Where nothing may be asked any more, without an engine or with a
    budget spent, the shard is written with what there is, and stays marked as unfinished. The
    journal is removed only once both files are written; a crash at any moment leaves every call in
    the journal, in the files, or in both.
    """
    folder, stop = run.opened.folder, run.watch.stop
    stored = await asyncio.to_thread(read_calls, folder, shard)
    in_files = {call.key: call for call in stored}
    with Journal(shard.journal(folder)) as journal:
        if run.engine is None:
            for call in stored:
                journal.keep(call)
        drafts = {(key.index, key.attempt) for key in in_files}
        filling = _Filling(run, shard, journal, stored=drafts)
        # What is stored goes last: at a URL another machine may have asked the same anew.
        for call in (*journal.calls, *stored):
            filling.know(call)
            run.watch.progress.answered |= not call.refused
        await _write_all(filling)
        to_write = run.engine is None or bool(stop.spent)
        if stop.cause or (filling.unfinished and not to_write):
            return False
        for place in sorted(filling.known):  # no position wanted these, and none shall be lost
            draft = Draft.of(filling.known[place].values())
            filling.put(draft, await run.judging.judge(draft), keep=False)
        if filling.unfinished and not (filling.kept or filling.others):
            journal.remove()  # of a shard that was opened in vain nothing is left
            return False
        with run.watch.progress.busy():
            await asyncio.to_thread(_put_away, filling, rewritten=bool(in_files))
    return not filling.unfinished


def _put_away(filling: _Filling, *, rewritten: bool) -> None:
    """Write the shard's files; it stays marked while dialogues are wanted.

    It is marked before all else where a crash between the two files, or after them, would leave an
    unfinished shard that looks like a finished one.
    """
    folder, shard = filling.run.opened.folder, filling.shard
    if filling.unfinished or rewritten:
        reopen(folder, shard)
    write_shard(folder, shard, _rows(filling.kept), as_rejected(_rows(filling.others)))
    if not filling.unfinished:
        close(folder, shard)
    filling.journal.remove()


def _rows(judged: Sequence[Judged]) -> pa.Table:
    taken: dict[int, tuple[pa.Table, list[int]]] = {}
    for one in judged:
        taken.setdefault(id(one.table), (one.table, []))[1].append(one.at)
    parts = [table.take(chosen) for table, chosen in taken.values()]
    # Not SCHEMA.empty_table(), which imports pandas where it is installed.
    return pa.concat_tables([pa.Table.from_batches([], SCHEMA), *parts])


async def _write_all(filling: _Filling) -> None:
    """Begin all dialogues at once; the queue decides whose question comes first."""

    async def write(number: int, index: int) -> None:
        try:
            await filling.write_one(number, index)
        except CrowdglotError as error:
            filling.run.watch.stop.because(error)
            filling.unfinished += 1
        finally:
            filling.run.queue.close()

    async with asyncio.TaskGroup() as group:
        for number, index in enumerate(filling.run.opened.first_indices(filling.shard)):
            group.create_task(write(number, index))
