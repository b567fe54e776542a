"""Which question goes to the engine next, and how far ahead of it shards are opened."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from heapq import heappop, heappush
from itertools import count

Place = tuple[int, int]


class Gate:
    """Lets ``room`` callers in at a time, those of the lowest rank first.

    A rank is the shard's place in the run and the dialogue's place in the shard. So the engine is
    asked shard after shard, whose prompts share a prefix, and a later one only takes what the
    earlier ones leave free. That there is always one, ``hungry`` sees to: whoever opens shards,
    waits there until fewer than twice ``room`` places are open.

    As many as are inside may be ``near``, where they make ready what they will ask, so that it is
    there when room is: the engine does not wait while a prompt is written.
    """

    def __init__(self, room: int) -> None:
        self._inside, self._near = _Room(room), _Room(2 * room)
        self._fewest = 2 * room
        self._open = 0
        self._appetite = asyncio.Event()

    async def hungry(self, places: int) -> None:
        """Wait until another shard is wanted, and count its ``places`` open."""
        while self._open >= self._fewest:
            self._appetite.clear()
            await self._appetite.wait()
        self._open += places

    def settled(self, places: int = 1) -> None:
        """So many places are taken, or given up."""
        self._open -= places
        if self._open < self._fewest:
            self._appetite.set()

    def near(self, rank: Place) -> AbstractAsyncContextManager[None]:
        """Wait until it is time to make ready, and count as near until left."""
        return self._near.enter(rank)

    def enter(self, rank: Place) -> AbstractAsyncContextManager[None]:
        """Wait for room, and leave at the end; only for those who are near."""
        return self._inside.enter(rank)


class _Room:
    """Holds so many at a time; who waits longest of the lowest rank is next."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._order = count()
        self._waiting: list[tuple[Place, int, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def enter(self, rank: Place) -> AsyncIterator[None]:
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
        """Hand the place to the next one who still wants it."""
        while self._waiting:
            _, _, turn = heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
