"""Verdicts of an audit as withdrawals, whose positions the next run fills again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from crowdglot.datasets.funnel import METRICS
from crowdglot.datasets.scan import FILE
from crowdglot.datasets.shards import Shard, files_of, reopen
from crowdglot.datasets.storage.files import storing
from crowdglot.datasets.storage.location import Location
from crowdglot.datasets.withdrawals import (
    Withdrawal,
    read_withdrawals,
    turns_hash,
    write_withdrawals,
)
from crowdglot.evidence.audit.looking import Found, Looked
from crowdglot.printable import one_line

BY = "audit"
_ORDER = ("harm", "personal_data", "abstention")


@dataclass
class Withdrawing:
    """Gathers what is to be taken back of a dataset that this process has locked, then does it."""

    folder: Location
    made: list[Withdrawal] = field(default_factory=list)
    _shards: set[tuple[str, int]] = field(default_factory=set)

    @cached_property
    def _files(self) -> list[Location]:
        return files_of(self.folder, "data")

    def look(self, position: int, row: Mapping[str, Any], looked: Looked) -> None:
        """Note an accepted row if something was found in it, or if it was withdrawn and is there
        still. ``position``: of the row (see ``scan``)."""
        if not (found := sorted(looked.found, key=_rank)):
            return
        texts = [turn["text"] or "" for turn in row["turns"] or () if turn]
        path = self._files[position // FILE]
        shard = int(path.name.removesuffix(".parquet").rpartition("-")[2])
        self._shards.add((row["language"], shard))
        if read_withdrawals(self.folder).verdicts(row["index"], row["attempt"], texts):
            return
        first = found[0]
        where = f"turn {first.turn}: " if first.turn else ""
        evidence = one_line(f"{first.kind}: {where}{first.text}", 190)
        self.made.append(
            Withdrawal(
                row["language"], shard, row["index"], row["attempt"], turns_hash(texts),
                BY, first.measure, evidence, round(looked.severity, 4),
            )
        )  # fmt: skip

    def carry_out(self) -> None:
        """Write the withdrawals, and mark their shards as unfinished."""
        if not self._shards:
            return
        with storing(self.folder):
            (self.folder / METRICS).unlink(missing_ok=True)
        known = read_withdrawals(self.folder).every
        write_withdrawals(self.folder, (*known, *self.made), up_to_date=False)
        for language, number in sorted(self._shards):
            reopen(self.folder, Shard(language, number, 0, 0))


def _rank(found: Found) -> tuple[int, int]:
    return _ORDER.index(found.measure), found.turn
