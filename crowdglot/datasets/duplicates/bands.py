"""Bands of MinHash signatures: which texts share one, without keeping them all in memory.

They lie in sorted runs, small ones in memory and large ones in temporary files.
"""

import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from crowdglot.errors import StorageError

_SEED = 1
# Odd, with bits spread evenly (2^64 over the golden ratio), as for Fibonacci hashing.
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
# A run of more bands than this lies on disk, and is merged in parts of about as many.
IN_MEMORY = 1 << 17

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


@dataclass(frozen=True, slots=True)
class Run:
    """``bands`` in ascending order, and the number of each. Large ones are mapped from files, so
    that the system keeps in memory what it has room for."""

    bands: Hashes
    numbers: Hashes

    def __len__(self) -> int:
        return len(self.bands)

    def find(self, bands: Hashes) -> Iterator[tuple[int, int]]:
        """For each of ``bands`` that is here: its position among them, and its numbers."""
        starts = np.searchsorted(self.bands, bands)
        hits = np.flatnonzero(self.bands[np.minimum(starts, len(self) - 1)] == bands)
        ends = np.searchsorted(self.bands, bands[hits], side="right")
        for hit, start, end in np.stack((hits, starts[hits], ends), axis=1).tolist():
            for number in self.numbers[start:end].tolist():
                yield hit, number


def sorted_run(bands: Hashes, numbers: Hashes) -> Run:
    """A run of bands in any order."""
    order = np.argsort(bands, kind="stable")
    return Run(bands[order], numbers[order])


def merged(one: Run, other: Run) -> Run:
    """One run of two; StorageError if the folder for temporary files cannot hold it."""
    if len(one) + len(other) <= IN_MEMORY:
        return _joined(one, other)
    try:
        # Files without a name: the system removes them when nobody maps them any more.
        with tempfile.TemporaryFile() as bands, tempfile.TemporaryFile() as numbers:
            for part in _parts(one, other):
                bands.write(part.bands.data)
                numbers.write(part.numbers.data)
            bands.flush()
            numbers.flush()
            mapped = (np.memmap(file, np.uint64, "r") for file in (bands, numbers))
            return Run(*map(np.asarray, mapped))
    except OSError as error:
        raise StorageError(
            f"duplicates: the system's folder for temporary files cannot be used ({error}); "
            "make room there, or name another one in TMPDIR, and run the same again."
        ) from None


def _parts(one: Run, other: Run) -> Iterator[Run]:
    """What the merged run holds, by equal ranges of bands: they are hashes, so evenly spread."""
    count = -(-(len(one) + len(other)) // IN_MEMORY)
    limits = np.array([(1 << 64) * part // count for part in range(1, count)], np.uint64)
    cuts = [[0, *np.searchsorted(run.bands, limits).tolist(), len(run)] for run in (one, other)]
    for start, end, first, last in zip(cuts[0], cuts[0][1:], cuts[1], cuts[1][1:], strict=False):
        yield _joined(
            Run(one.bands[start:end], one.numbers[start:end]),
            Run(other.bands[first:last], other.numbers[first:last]),
        )


def _joined(one: Run, other: Run) -> Run:
    bands = np.concatenate((one.bands, other.bands))
    return sorted_run(bands, np.concatenate((one.numbers, other.numbers)))


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
