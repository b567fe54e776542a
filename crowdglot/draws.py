"""Counter-based random numbers: the same path gives the same draws, on any machine, in any order.

Python's ``random`` keeps a state: its 10-billionth draw needs all draws before it, and its
algorithms may change between versions. Here a draw is the BLAKE2b hash of (path, counter).
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

Item = TypeVar("Item")


class Draws:
    """A stream of draws named by a path, such as ``Draws(seed, "scenario", 12)``."""

    __slots__ = ("_counter", "_key")

    def __init__(self, *path: int | str) -> None:
        name = "\x1f".join(f"{type(part).__name__}:{part}" for part in path)
        self._key = blake2b(name.encode(), digest_size=32).digest()
        self._counter = 0

    def word(self) -> int:
        """A uniform integer of 64 bits."""
        counter = self._counter.to_bytes(8, "little")
        self._counter += 1
        return int.from_bytes(blake2b(counter, key=self._key, digest_size=8).digest(), "little")

    def below(self, bound: int) -> int:
        """A uniform integer in [0, bound); ``bound`` is at least 1.

        The multiply-shift reduction has a bias of at most bound / 2**64, far below any count here.
        """
        return (self.word() * bound) >> 64

    def choice(self, items: Sequence[Item]) -> Item:
        """One of ``items``, which must not be empty."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """All of ``items`` in a random order (Fisher-Yates)."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order
