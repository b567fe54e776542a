"""Interviews about what is there already: human dialogues, or the rows of a finished dataset.

Every answer is in a journal before anything else happens to it, so that who was stopped goes on
without asking twice; an answer to a question that has changed since, of another model, or that this
user did not ask for, is asked for anew: a journal may have come with a stranger's dataset.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from crowdglot.datasets.journal import Journal
from crowdglot.dialogues.interview import Asked
from crowdglot.dialogues.prompt import prompt_hash
from crowdglot.draws import Draws
from crowdglot.engines import build_engine
from crowdglot.engines.calls import Call, Key
from crowdglot.engines.engine import Completion, Engine, Request, Sampling
from crowdglot.engines.settings import EngineSettings
from crowdglot.writing.api_key import find_api_key
from crowdglot.writing.interview import Result, complete, interview, silence_on_texts
from crowdglot.writing.trust import own_key


@asynccontextmanager
async def asking(settings: EngineSettings, journal: Path) -> AsyncIterator["Asker"]:
    """An Asker of the model of ``settings`` that keeps its answers in the file ``journal``.

    Raises what the engine raises, and StorageError for the journal.
    """
    engine = build_engine(settings, await find_api_key(settings))
    with Journal(journal, own_key()) as kept:
        async with engine:
            yield Asker(engine, kept)


class Asker:
    """Puts questions to an engine, as many interviews at a time as it takes calls."""

    def __init__(self, engine: Engine, journal: Journal) -> None:
        self._engine, self._journal = engine, journal
        self._known = {call.key: call for call in journal.calls}
        self._free = asyncio.Semaphore(engine.concurrency)

    @property
    def model(self) -> str:
        """Who answers, as files about the answers name it."""
        return f"{self._engine.kind}: {self._engine.model}"

    async def silence_on_texts(self) -> str:
        """See ``interview.silence_on_texts``."""
        return await silence_on_texts(self._engine)

    async def interviews(
        self, role: str, steps: Sequence[Callable[[Sequence[Completion]], Asked | Result]]
    ) -> list[Result | None]:
        """The result of each interview, None where the engine refuses; raises what it raises."""

        async def one(at: int) -> Result | None:
            async with self._free:
                return (await interview(steps[at], Key(at, 0, role), self._ask))[0]

        try:
            async with asyncio.TaskGroup() as group:
                asking = [group.create_task(one(at)) for at in range(len(steps))]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return [task.result() for task in asking]

    async def _ask(self, key: Key, asked: Asked) -> Call:
        hashed, engine = prompt_hash(asked.messages), self._engine
        now = hashed, engine.kind, engine.model
        known = self._known.get(key)
        if known and (known.prompt_hash, known.engine, known.model) == now:
            return known
        seed = Draws("trial", key.index, key.role, key.step).below(2**31)
        sampling = replace(Sampling(), **asked.sampling)
        request = Request(**asked.requested, sampling=sampling, seed=seed)
        completion = await complete(engine, request)
        told = engine.kind, engine.model, engine.revision
        call = Call(key, hashed, seed, *told, completion, time.time())
        self._journal.keep(call)
        return call
