"""Several servers as one: which one gets the next question, and which questions wait for room."""

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from yarl import URL

from crowdglot.dialogues.message import Message
from crowdglot.engines.openai.addresses import Address
from crowdglot.engines.openai.pressure import Pressure

_IMBALANCE = 1.25  # of its fair share of what runs, a server may have for the sake of its cache
_PREFIXES = 1024  # whose ranking is remembered

Messages = tuple[Message, ...]


@dataclass(slots=True, eq=False)
class Endpoint:
    """One server and what is known of it.

    ``chat``: where questions go. ``out``: it does not answer, and is asked only if no other does.
    ``paused_until``: on the loop's clock, when it wants to be asked again. ``faults``: in a row,
    since its last answer. ``ejections``: how often it was taken out since then.
    """

    address: Address
    pressure: Pressure
    chat: URL
    out: bool = False
    paused_until: float = 0.0
    faults: int = 0
    ejections: int = 0

    def __str__(self) -> str:
        return str(self.address.base)


class Endpoints:
    """Weighted least-in-flight over all servers that are in, ``ceiling`` questions at a time.

    A server's prefix cache is its own, so questions that share all but their last message prefer
    the same server, in every process: each ranks the servers by rendezvous hashing (Thaler and
    Ravishankar 1998; weights after J. Resch), and takes the first that has no more than 1.25 times
    its share of the load (Mirrokni et al., "Consistent Hashing with Bounded Loads", 2018). A
    question that finds no room waits in one queue, first come, first served.
    """

    def __init__(self, addresses: Sequence[Address], ceiling: int) -> None:
        self.every = tuple(
            Endpoint(address, Pressure(ceiling), address.at("chat/completions"))
            for address in addresses
        )
        self._ceiling = ceiling
        self._queue: deque[tuple[asyncio.Future[Endpoint], Messages, Endpoint | None]] = deque()
        self._ranking = lru_cache(_PREFIXES)(self._rank)

    async def take(self, messages: Messages, avoid: Endpoint | None = None) -> Endpoint:
        """A server with room for one more question; ``give`` it back. Not ``avoid`` if possible."""
        if not self._queue and (endpoint := self._choose(messages, avoid)):
            return self._hold(endpoint)
        future: asyncio.Future[Endpoint] = asyncio.get_running_loop().create_future()
        self._queue.append((future, messages, avoid))
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.give(future.result())
            raise

    def give(self, endpoint: Endpoint) -> None:
        """The question to ``endpoint`` is over."""
        endpoint.pressure.running -= 1
        self.call_up()

    def call_up(self) -> None:
        """Give servers to the questions that wait, as far as there is room."""
        while self._queue:
            future, messages, avoid = self._queue[0]
            if not future.done():
                endpoint = self._choose(messages, avoid)
                if endpoint is None:
                    return
                future.set_result(self._hold(endpoint))
            self._queue.popleft()

    def pause(self, endpoint: Endpoint, seconds: float) -> None:
        """Ask ``endpoint`` nothing for so long."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        if until > endpoint.paused_until:
            endpoint.paused_until = until
            # A little later: the loop's timers may come early by its clock's resolution.
            loop.call_at(until + 0.002, self.call_up)

    def set_out(self, endpoint: Endpoint, out: bool) -> None:
        """Take ``endpoint`` out or in. With none in, all are asked: one may have come back."""
        endpoint.out = out
        self.call_up()

    def others(self, endpoint: Endpoint) -> int:
        """How many other servers are in."""
        return sum(not one.out for one in self.every if one is not endpoint)

    def _hold(self, endpoint: Endpoint) -> Endpoint:
        endpoint.pressure.running += 1
        return endpoint

    def _choose(self, messages: Messages, avoid: Endpoint | None) -> Endpoint | None:
        running = sum(one.pressure.running for one in self.every)
        if running >= self._ceiling:
            return None
        now = asyncio.get_running_loop().time()
        usable = [one for one in self.every if not one.out] or self.every
        free = [one for one in usable if one.pressure.room and one.paused_until <= now]
        if len(free) > 1 and avoid in free:
            free.remove(avoid)
        if len(free) < 2:
            return free[0] if free else None
        if len(messages) > 1:
            fair = (running + 1) / sum(one.address.weight for one in usable)
            for one in self._ranking(messages[:-1]):
                # At least two: with little under way, questions of one prefix would never meet.
                most = max(2, math.ceil(_IMBALANCE * fair * one.address.weight))
                if one in free and one.pressure.running < most:
                    return one
        return min(free, key=lambda one: (one.pressure.running + 1) / one.address.weight)

    def _rank(self, prefix: Messages) -> tuple[Endpoint, ...]:
        text = "\0".join(f"{message.role}\0{message.content}" for message in prefix)
        key = blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()

        def score(one: Endpoint) -> float:
            drawn = blake2b(key + str(one).encode(), digest_size=7).digest()
            return -one.address.weight / math.log((int.from_bytes(drawn) + 1) / (2**56 + 1))

        return tuple(sorted(self.every, key=score, reverse=True))
