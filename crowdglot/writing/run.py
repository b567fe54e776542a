"""What the shards of one run share within a process: engine, critics, queue, counts, budget."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from crowdglot.engines import build_engine
from crowdglot.engines.engine import Engine
from crowdglot.memory import freeze, thaw
from crowdglot.writing.api_key import find_api_key
from crowdglot.writing.budget import Budget
from crowdglot.writing.judging import InProcess, Judging, open_judging
from crowdglot.writing.opened import OpenedRecipe
from crowdglot.writing.shards.call_queue import CallQueue
from crowdglot.writing.watch import Watch


@dataclass(slots=True)
class Run:
    """A run under way in this process. ``engine`` None: nothing is asked, only judged."""

    opened: OpenedRecipe
    engine: Engine | None
    judging: Judging
    queue: CallQueue
    watch: Watch = field(default_factory=Watch)
    budget: Budget = field(default_factory=Budget)

    def over(self) -> bool:
        """Whether nothing more shall be asked: a stop is wanted, or a budget is spent."""
        return self.budget.over(self.watch)

    @classmethod
    def judging_only(cls, opened: OpenedRecipe, watch: Watch | None = None) -> "Run":
        """A run that judges what is there and asks nothing."""
        return cls(opened, None, InProcess(opened), CallQueue(1), watch or Watch())


@dataclass(frozen=True, slots=True)
class Started:
    """A loaded engine, and where drafts are judged; whoever gets them leaves them when done."""

    engine: Engine
    judging: Judging


async def start(opened: OpenedRecipe) -> Started:
    """Load the model and open the judging, both at once; raises EngineError."""
    settings = opened.recipe.engine
    engine = build_engine(settings, await find_api_key(settings))
    judging = open_judging(opened, engine.concurrency)
    loaded, ready = await asyncio.gather(
        engine.__aenter__(), judging.__aenter__(), return_exceptions=True
    )
    if isinstance(loaded, BaseException):
        if not isinstance(ready, BaseException):
            await judging.__aexit__()
        raise loaded
    if isinstance(ready, BaseException):
        await engine.__aexit__()
        raise ready
    freeze()
    return Started(engine, judging)


@asynccontextmanager
async def leaving(started: Started) -> AsyncIterator[Started]:
    """Leave the engine and the judging at the end."""
    async with AsyncExitStack() as stack:
        stack.callback(thaw)
        stack.push_async_exit(started.engine)
        stack.push_async_exit(started.judging)
        yield started
