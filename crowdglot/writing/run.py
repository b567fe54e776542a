"""What the shards of one run share within a process: engine, critics, queue, counts, budget."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Self

from crowdglot.critics.judges import READING
from crowdglot.dialogues.interview import JUDGE
from crowdglot.engines import build_engine
from crowdglot.engines.engine import Engine
from crowdglot.memory import freeze, thaw
from crowdglot.writing.api_key import find_api_key
from crowdglot.writing.budget import Budget
from crowdglot.writing.interview import silence_on_texts
from crowdglot.writing.judging import InProcess, Judging, open_judging
from crowdglot.writing.opened import OpenedRecipe
from crowdglot.writing.shards.call_queue import CallQueue
from crowdglot.writing.watch import Watch


@dataclass(slots=True)
class Run:
    """A run under way in this process. ``engine`` None: nothing is asked, only judged. ``judge``:
    the model that judges are put to, with a queue of its own; None: the engine and its queue."""

    opened: OpenedRecipe
    engine: Engine | None
    judging: Judging
    queue: CallQueue
    watch: Watch = field(default_factory=Watch)
    budget: Budget = field(default_factory=Budget)
    judge: tuple[Engine, CallQueue] | None = None

    def model(self, of: str) -> tuple[Engine | None, CallQueue]:
        """The model that a question is for, and its queue."""
        if of == JUDGE and self.judge and self.engine:
            return self.judge
        return self.engine, self.queue

    @property
    def asks_judges(self) -> bool:
        """Whether there are judges to ask, and something to ask them with."""
        return self.engine is not None and self.opened.asks_judges

    def over(self) -> bool:
        """Whether nothing more shall be asked: a stop is wanted, or a budget is spent."""
        return self.budget.over(self.watch)

    @classmethod
    def judging_only(cls, opened: OpenedRecipe, watch: Watch | None = None) -> "Run":
        """A run that judges what is there and asks nothing."""
        return cls(opened, None, InProcess(opened), CallQueue(1), watch or Watch())


@dataclass(frozen=True, slots=True)
class Started:
    """A loaded engine, and where drafts are judged; whoever gets them leaves them by ``async with``
    when done.

    ``doubts``: a sentence for each judge that asks what the model cannot answer.
    """

    engine: Engine
    judging: Judging
    judge: Engine | None
    doubts: tuple[str, ...]
    _entered: AsyncExitStack

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._entered.aclose()

    def run(self, opened: OpenedRecipe, watch: Watch, budget: Budget) -> Run:
        queue = CallQueue(self.engine.concurrency)
        judge = (self.judge, CallQueue(self.judge.concurrency)) if self.judge else None
        return Run(opened, self.engine, self.judging, queue, watch, budget, judge)


async def start(opened: OpenedRecipe) -> Started:
    """Load the models and open the judging, all at once; raises EngineError."""
    recipe = opened.recipe
    engine = build_engine(recipe.engine, await find_api_key(recipe.engine))
    judging = open_judging(opened, engine.concurrency)
    judge, other = None, recipe.models.get("judge")
    if other and opened.asks_judges:
        judge = build_engine(other, await find_api_key(other))
    tools = [one for one in (engine, judging, judge) if one is not None]
    async with AsyncExitStack() as stack:
        stack.callback(thaw)
        entering = map(stack.enter_async_context, tools)
        for ready in await asyncio.gather(*entering, return_exceptions=True):
            if isinstance(ready, BaseException):
                raise ready
        doubts = await _doubts(opened, judge or engine)
        freeze()
        return Started(engine, judging, judge, doubts, stack.pop_all())


async def _doubts(opened: OpenedRecipe, asked: Engine) -> tuple[str, ...]:
    need = [judge.name for judge in opened.judges if judge.name in READING and judge.least]
    silence = await silence_on_texts(asked) if need else ""
    return tuple(f"judge '{name}' leaves all unscored: {silence}" for name in need if silence)
