"""Which question goes to the engine next, and how far ahead of it shards are opened."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from heapq import heappop, heappush
from itertools import count

# The rank of a shard in the run, and the number of the dialogue in the shard.
Rank = tuple[int, int]


class CallQueue:
    """Lets so many calls run at a time, those of the lowest rank first.

    So the engine is asked shard after shard, whose prompts share a prefix, and a later shard takes
    only what the earlier ones leave free. Whoever opens shards waits in ``open_shard`` until fewer
    dialogues are open than twice as many calls as may run. So there is always one to ask for.

    Twice as many drafts as calls may be under way. So a prompt is written before there is room for
    its call, and the engine does not wait for it.
    """

    def __init__(self, calls: int) -> None:
        self._calls, self._drafts = _Slots(calls), _Slots(2 * calls)
        self._enough = 2 * calls
        self._open = 0
        self._fewer = asyncio.Event()

    async def open_shard(self, dialogues: int) -> None:
        """Wait until another shard is wanted, and count its ``dialogues`` as open."""
        while self._open >= self._enough:
            self._fewer.clear()
            await self._fewer.wait()
        self._open += dialogues

    def close(self, dialogues: int = 1) -> None:
        self._open -= dialogues
        if self._open < self._enough:
            self._fewer.set()

    @asynccontextmanager
    async def draft(self, rank: Rank) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Wait until a draft of this rank may begin; held until it ends.

        Gives what waits for the draft's first call, which is then the draft's to its end: its
        questions follow one another, so the engine has at hand what it read of the talk.
        """
        async with self._drafts.held(rank), AsyncExitStack() as held:
            first = [self._calls.held(rank)]

            async def call() -> None:
                if first:
                    await held.enter_async_context(first.pop())

            yield call

    def call(self, rank: Rank) -> AbstractAsyncContextManager[None]:
        """Wait until a call of this rank may be made; held until it is answered."""
        return self._calls.held(rank)


class _Slots:
    """So many slots; a free one goes to the lowest rank, and to who waited longest of it."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._order = count()
        self._waiting: list[tuple[Rank, int, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def held(self, rank: Rank) -> AsyncIterator[None]:
        if self._free > 0:
            self._free -= 1
        else:
            turn = asyncio.get_running_loop().create_future()
            heappush(self._waiting, (rank, next(self._order), turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._leave()
                raise
        try:
            yield
        finally:
            self._leave()

    def _leave(self) -> None:
        """Hand the slot to the next one who still wants it."""
        while self._waiting:
            _, _, turn = heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
