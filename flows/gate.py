"""Which question goes to the engine next, when more are ready than it takes at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count


class Gate:
    """Lets ``room`` callers in at a time, those of the lowest rank first.

    The rank is the shard's place in the run. So the engine is asked shard after shard, whose
    prompts share a prefix, and a later shard only takes what the earlier ones leave free.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._order = count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def enter(self, rank: int) -> AsyncIterator[None]:
        """Wait for a place, and leave it at the end."""
        if self._room > 0:
            self._room -= 1
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
        self._room += 1
