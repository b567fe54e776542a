"""Sorted runs of bands, each with a number: small in memory, large in temporary files."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crowdglot.errors import StorageError

# A run of more bands than this lies on disk, and is merged in parts of about as many.
IN_MEMORY = 1 << 17

_Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Run:
    """``bands`` in ascending order, and the number of each. Large ones are mapped from files, so
    that the system keeps in memory what it has room for."""

    bands: _Hashes
    numbers: _Hashes

    def __len__(self) -> int:
        return len(self.bands)

    def find(self, bands: _Hashes) -> Iterator[tuple[int, int]]:
        """For each of ``bands`` that is here: its position among them, and its numbers."""
        starts = np.searchsorted(self.bands, bands)
        hits = np.flatnonzero(self.bands[np.minimum(starts, len(self) - 1)] == bands)
        ends = np.searchsorted(self.bands, bands[hits], side="right")
        for hit, start, end in np.stack((hits, starts[hits], ends), axis=1).tolist():
            for number in self.numbers[start:end].tolist():
                yield hit, number


def sorted_run(bands: _Hashes, numbers: _Hashes) -> Run:
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
    """What the merged run holds, part by part. Bands are hashes, so equal ranges of them hold
    about as many each."""
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
