"""Bands of MinHash signatures: which texts share one, without keeping them all in memory."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from crowdglot.datasets.duplicates.runs import Run, merged, sorted_run

_SEED = 1
# Odd, with bits spread evenly (2^64 over the golden ratio), as for Fibonacci hashing.
_SPREAD = np.uint64(0x9E3779B97F4A7C15)

Hashes = NDArray[np.uint64]


class Signer:
    """Hashes of the bands of texts' signatures.

    ``size`` permutations, in the longest bands with which a pair of Jaccard similarity ``least``
    still has one in common with probability ``recall``: 1 - (1 - least^rows)^(size / rows).
    """

    def __init__(self, size: int, least: float, *, recall: float) -> None:
        self.size = size
        self.rows = max(
            rows
            for rows in (1, 2, 3, 4, 6, 8)
            if rows == 1 or 1 - (1 - least**rows) ** (size // rows) >= recall
        )

    def sign(self, texts: Sequence[Collection[str]]) -> Hashes:
        """64 bits for each text (rows) and band (columns)."""
        digests = RMinHash.digests_from_token_sets(texts, self.size, _SEED)
        signatures = np.array(digests, np.uint64).reshape(len(texts), self.size)
        starts = range(0, self.size, self.rows)
        return np.stack([self._hashed(signatures, at) for at in starts], axis=1)

    def _hashed(self, signatures: Hashes, at: int) -> Hashes:
        """One band of every text; exact Jaccard tells apart what collides in 64 bits."""
        hashes = np.full(len(signatures), self.size << 32 | at, np.uint64)
        for column in signatures[:, at : at + self.rows].T:
            hashes = (hashes ^ column) * _SPREAD
            hashes ^= hashes >> np.uint64(32)
        return hashes


class Bands:
    """Numbers by band, in sorted runs.

    A run that is more than half as long as the one before is merged with it, so there are few.
    """

    def __init__(self) -> None:
        self._runs: list[Run] = []

    def find(self, bands: Hashes) -> Iterator[tuple[int, int]]:
        """All that share one of ``bands``: the band's position among them, and the number."""
        for run in self._runs:
            yield from run.find(bands)

    def insert(self, bands: Hashes, numbers: Hashes) -> None:
        """Add a number for each band; StorageError if the folder for temporary files cannot hold
        them."""
        if not len(bands):
            return
        self._runs.append(sorted_run(bands, numbers))
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            self._runs[-2:] = [merged(*self._runs[-2:])]


def shared(bands: Hashes) -> Iterator[list[int]]:
    """The positions of each band that stands more than once among ``bands``, ascending."""
    order = np.argsort(bands, kind="stable")
    ordered = bands[order]
    limits = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1], [True])))
    for first in np.flatnonzero(np.diff(limits) > 1).tolist():
        yield order[limits[first] : limits[first + 1]].tolist()
