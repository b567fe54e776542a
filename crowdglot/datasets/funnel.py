"""The acceptance funnel of a dataset: how many drafts, how many kept, and why the others not.

It is always counted from the Parquet files, never from a run's memory.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, cast

import polars as pl
from pydantic import Field, TypeAdapter

from crowdglot.datasets.record import SCHEMA
from crowdglot.datasets.scan import batches, collect, merged
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.guarded import read_stored
from crowdglot.datasets.storage.location import Location
from crowdglot.errors import StorageError

METRICS = "metrics.json"
_MOST_BYTES = 1 << 26  # of that file
_CELL = ("language", "speech_event", "reason")
_TOKENS = ("prompt_tokens", "completion_tokens")
_SHORT = ("language", "speech_event", "wanted", "accepted")

Count = Annotated[int, Field(strict=True, ge=0, lt=1 << 63)]


@dataclass(frozen=True, slots=True)
class Funnel:
    """Counts of drafts. ``reasons``: "critic.reason" to count, most frequent first.

    ``short``: (language, event, wanted, accepted) of the cells with fewer accepted dialogues than
    planned.
    """

    accepted: Count
    rejected: Count
    reasons: dict[str, Count]
    accepted_by_language: dict[str, Count]
    rejected_by_language: dict[str, Count]
    accepted_by_event: dict[str, Count]
    prompt_tokens: Count
    completion_tokens: Count
    short: tuple[tuple[str, str, Count, Count], ...] = ()

    @property
    def drafts(self) -> int:
        """All drafts that were judged."""
        return self.accepted + self.rejected

    @property
    def acceptance_rate(self) -> float:
        """Accepted drafts over all drafts; 0 where there is none."""
        return self.accepted / self.drafts if self.drafts else 0.0

    def as_metrics(self) -> dict[str, Any]:
        """The funnel as ``metrics.json`` holds it."""
        counts = asdict(self)
        counts["short"] = [dict(zip(_SHORT, cell, strict=True)) for cell in self.short]
        return {"drafts": self.drafts, "acceptance_rate": round(self.acceptance_rate, 4), **counts}

    @classmethod
    def from_metrics(cls, metrics: dict[str, Any]) -> "Funnel":
        """The funnel that ``as_metrics`` wrote; ValueError, KeyError or TypeError if it is none."""
        short = [tuple(cell[name] for name in _SHORT) for cell in metrics["short"]]
        return TypeAdapter(cls).validate_python({**metrics, "short": short})


def measure_funnel(folder: Location, wanted: dict[tuple[str, str], int] | None = None) -> Funnel:
    """Count the rows below ``folder``; ``wanted``: the quota of each (language, event)."""
    accepted, rejected = count_drafts(folder, "data"), count_drafts(folder, "rejected")
    both = pl.concat([accepted, rejected])
    cells = _counts(accepted, "language", "speech_event")
    return Funnel(
        accepted=int(accepted["drafts"].sum()),
        rejected=int(rejected["drafts"].sum()),
        reasons=_counts(rejected, "reason"),
        accepted_by_language=_counts(accepted, "language"),
        rejected_by_language=_counts(rejected, "language"),
        accepted_by_event=_counts(accepted, "speech_event"),
        prompt_tokens=int(both["prompt_tokens"].sum()),
        completion_tokens=int(both["completion_tokens"].sum()),
        short=tuple(
            (*cell, count, cells.get(cell, 0))
            for cell, count in sorted((wanted or {}).items())
            if cells.get(cell, 0) < count
        ),
    )


def read_metrics(folder: Location) -> Mapping[str, Any]:
    """The dataset's ``metrics.json`` as it was last written; {} where it is none of ours."""
    try:
        read = json.loads(read_stored(folder / METRICS, _MOST_BYTES))
        Funnel.from_metrics({"short": (), **read["funnel"]})
    except (OSError, StorageError, ValueError, LookupError, TypeError, RecursionError):
        return {}
    return cast(Mapping[str, Any], read)


def stored_funnel(folder: Location) -> Funnel | None:
    """The funnel in ``metrics.json``; None where nothing was counted since shards changed."""
    try:
        return Funnel.from_metrics(read_metrics(folder)["funnel"])
    except (ValueError, LookupError, TypeError):
        return None  # it was never written, or is not ours: count anew


def count_drafts(folder: Location, part: str) -> pl.DataFrame:
    """Columns language, speech_event and reason; drafts and tokens of each combination.

    ``part``: "data" or "rejected".
    """
    rows = batches(files_of(folder, part), (*_CELL, *_TOKENS))
    counted = (some.drop("position").with_columns(drafts=pl.lit(1, pl.Int64)) for some in rows)
    return merged(counted, lambda some: some.group_by(_CELL).agg(pl.all().sum()))


def read_rows(folder: Location, part: str, columns: Sequence[str] = SCHEMA.names) -> pl.DataFrame:
    """The rows of ``part`` ("data" or "rejected"); an empty frame where there are no files."""
    return collect(files_of(folder, part), columns)


def count_tokens(folder: Location) -> int:
    """Tokens of all prompts and answers in the shards of a dataset."""
    both = pl.concat([count_drafts(folder, part) for part in ("data", "rejected")])
    return int(both.select(_TOKENS).sum().sum_horizontal().item())


def _counts(frame: pl.DataFrame, *columns: str) -> dict[Any, int]:
    """How many drafts of each, most first; of several columns, by tuples."""
    counted = frame.group_by(columns).agg(pl.col("drafts").sum())
    ordered = counted.sort(["drafts", *columns], descending=[True, *[False] * len(columns)])
    return {
        tuple(names) if len(names) > 1 else names[0]: count for *names, count in ordered.iter_rows()
    }
