"""Bands of MinHash signatures: which texts share one, without keeping them all in memory."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence

from rensa import RMinHash

from crowdglot.errors import StorageError

_SEED = 1
_CACHE_KIB = 65_536
# Bands are sorted before they are written, so that those of many texts touch each page once.
_UNWRITTEN = 50_000
_MOST_MARKS = 512


class Signer:
    """Hashes of the bands of a text's signature.

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

    def __call__(self, shingles: Collection[str]) -> list[int]:
        """64 bits for each band; texts with other sizes of bands have others."""
        signature = RMinHash(self.size, _SEED)
        signature.update(list(shingles))
        digest, rows = signature.digest(), self.rows
        # Python hashes integers alike in every process. What collides, exact Jaccard tells apart.
        return [hash((self.size, at, *digest[at : at + rows])) for at in range(0, self.size, rows)]


class Bands:
    """Places by band: the newest in memory, the rest in a temporary table on disk.

    SQLite keeps the table in the system's folder for temporary files, removes it by itself, and
    holds at most 64 MiB of it in memory.
    """

    def __init__(self) -> None:
        self._unwritten: dict[int, int] = {}
        self._further: dict[int, list[int]] = {}  # of a band that is in ``_unwritten`` already
        self._written = False
        self._database = sqlite3.connect("", isolation_level=None)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{_CACHE_KIB}"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute(
            "CREATE TABLE bands (band INTEGER, place INTEGER, PRIMARY KEY (band, place)) "
            "WITHOUT ROWID"
        )

    def close(self) -> None:
        """Give the file back."""
        self._database.close()

    def insert(self, place: int, bands: Sequence[int]) -> None:
        """Know ``place`` by its bands from now on."""
        for band in bands:
            if self._unwritten.setdefault(band, place) != place:
                self._further.setdefault(band, []).append(place)
        if len(self._unwritten) > _UNWRITTEN:
            self._write()

    def _write(self) -> None:
        rows = sorted(self._unwritten.items())
        rows += [(band, place) for band, places in self._further.items() for place in places]
        try:
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR IGNORE INTO bands VALUES (?, ?)", rows)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            raise StorageError(
                f"duplicates: the system's folder for temporary files cannot be used ({error}); "
                "make room there, or name another one in SQLITE_TMPDIR, and run the same again."
            ) from None
        self._unwritten.clear()
        self._further.clear()
        self._written = True

    def candidates(self, signed: Mapping[int, Sequence[int]]) -> dict[int, list[int]]:
        """For each text of ``signed`` the places that share a band with it, the earliest first."""
        near: dict[int, set[int]] = {}
        asking: dict[int, list[int]] = {}
        for number, bands in signed.items():
            for band in bands:
                asking.setdefault(band, []).append(number)
                if (place := self._unwritten.get(band)) is not None:
                    near.setdefault(number, set()).update((place, *self._further.get(band, ())))
        if self._written:
            wanted = list(asking)
            for start in range(0, len(wanted), _MOST_MARKS):
                some = wanted[start : start + _MOST_MARKS]
                marks = ",".join("?" * len(some))
                query = f"SELECT band, place FROM bands WHERE band IN ({marks})"  # noqa: S608
                for band, place in self._database.execute(query, some):
                    for number in asking[band]:
                        near.setdefault(number, set()).add(place)
        return {number: sorted(places) for number, places in near.items()}
