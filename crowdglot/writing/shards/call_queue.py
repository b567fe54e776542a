"""Which question goes to the engine next, and how far ahead of it shards are opened."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count

# The rank of a shard in the run, and the number of the dialogue in the shard.
Rank = tuple[int, int]


class CallQueue:
    """Lets so many calls run at a time, those of the lowest rank first.

    So the engine is asked shard after shard, whose prompts share a prefix, and a later shard takes
    only what the earlier ones leave free. Whoever opens shards waits in ``open_shard`` until fewer
    dialogues are open than four times as many calls as may run. So there is always one to ask for,
    while others are judged, which stay open until they are.

    Twice as many drafts as calls may be under way. So a prompt is written before there is room for
    its call, and the engine does not wait for it.
    """

    def __init__(self, calls: int) -> None:
        self._calls, self._drafts = _Slots(calls), _Slots(2 * calls)
        self._enough = 4 * calls
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
        called = False

        async def call() -> None:
            nonlocal called
            if not called:
                await self._calls.take(rank)
                called = True

        await self._drafts.take(rank)
        try:
            yield call
        finally:
            if called:
                self._calls.leave()
            self._drafts.leave()

    @asynccontextmanager
    async def call(self, rank: Rank) -> AsyncIterator[None]:
        """Wait until a call of this rank may be made; held until it is answered."""
        await self._calls.take(rank)
        try:
            yield
        finally:
            self._calls.leave()


class _Slots:
    """So many slots; a free one goes to the lowest rank, and to who waited longest of it."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._order = count()
        self._waiting: list[tuple[Rank, int, asyncio.Future[None]]] = []

    async def take(self, rank: Rank) -> None:
        """Wait for a slot; whoever took it leaves it."""
        if self._free > 0:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (rank, next(self._order), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Hand the slot to the next one who still wants it."""
        while self._waiting:
            _, _, turn = heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
