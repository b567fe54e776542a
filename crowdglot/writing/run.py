"""What the shards of one run share within a process: engine, jury, gate, counts, wish to stop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from crowdglot.engines import build_engine
from crowdglot.engines.engine import Engine
from crowdglot.memory import settle, unsettle
from crowdglot.writing.api_key import find_api_key
from crowdglot.writing.budget import Budget
from crowdglot.writing.judging import Here, Jury, summon
from crowdglot.writing.opened import Job
from crowdglot.writing.recipe import Recipe
from crowdglot.writing.shards.call_queue import Gate
from crowdglot.writing.watch import Stop, Tally


@dataclass(slots=True)
class Run:
    """A run under way in this process. ``engine`` None: nothing is asked, only judged.

    ``opened``: set once a task has opened all its shards, so that the next one may begin.
    """

    job: Job
    engine: Engine | None
    jury: Jury
    gate: Gate
    stop: Stop = field(default_factory=Stop)
    tally: Tally = field(default_factory=Tally)
    budget: Budget = field(default_factory=Budget)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    def over(self) -> bool:
        """Whether nothing more shall be asked: a stop is wanted, or a budget is spent."""
        return self.budget.over(self.stop, self.tally)

    @classmethod
    def of_known(cls, job: Job) -> "Run":
        """A run that judges what is there and asks nothing."""
        return cls(job, None, Here(job), Gate(1))


CURRENT: ContextVar[Run] = ContextVar("crowdglot_run")


def make_engine(recipe: Recipe, api_key: str | None = None) -> Engine:
    """The recipe's engine, not yet entered."""
    settings = recipe.engine
    return build_engine(
        settings.kind,
        model=settings.model,
        base_url=settings.base_url,
        concurrency=settings.concurrency or None,
        context=settings.context,
        devices=settings.devices,
        dtype=settings.dtype,
        quantisation=settings.quantisation,
        api_key=api_key,
        time_out=settings.time_out,
    )


@asynccontextmanager
async def running(
    job: Job,
    tools: tuple[Engine, Jury],
    stop: Stop | None = None,
    tally: Tally | None = None,
    budget: Budget | None = None,
) -> AsyncIterator[Run]:
    """A run with what ``engage`` gave, both left at the end."""
    engine, jury = tools
    async with AsyncExitStack() as stack:
        stack.callback(unsettle)
        stack.push_async_exit(engine)
        stack.push_async_exit(jury)
        gate = Gate(engine.concurrency)
        yield Run(job, engine, jury, gate, stop or Stop(), tally or Tally(), budget or Budget())


async def engage(job: Job) -> tuple[Engine, Jury]:
    """Load the model and seat the jury, both at once; whoever gets them leaves them when done."""
    engine = make_engine(job.recipe, await find_api_key(job.recipe.engine))
    jury = summon(job, engine.concurrency)
    loaded, seated = await asyncio.gather(
        engine.__aenter__(), jury.__aenter__(), return_exceptions=True
    )
    if isinstance(loaded, BaseException):
        if not isinstance(seated, BaseException):
            await jury.__aexit__()
        raise loaded
    if isinstance(seated, BaseException):
        await engine.__aexit__()
        raise seated
    settle()
    return engine, jury
