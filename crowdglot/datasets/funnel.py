"""The acceptance funnel of a dataset: how many drafts, how many kept, and why the others not.

Always counted from the Parquet files, never from a run's memory: they are the only ledger.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any

import polars as pl

from crowdglot.datasets.scan import batches, collect, naming_damage
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.location import Location

_CELL = ("language", "speech_event", "reason")
_TOKENS = ("prompt_tokens", "completion_tokens")


@dataclass(frozen=True, slots=True)
class Funnel:
    """Counts of drafts. ``reasons``: "critic.reason" to count, most frequent first.

    ``short``: cells of language and event that have fewer accepted dialogues than planned.
    """

    accepted: int
    rejected: int
    reasons: dict[str, int]
    accepted_by_language: dict[str, int]
    rejected_by_language: dict[str, int]
    accepted_by_event: dict[str, int]
    prompt_tokens: int
    completion_tokens: int
    short: tuple[tuple[str, str, int, int], ...] = ()

    @property
    def drafts(self) -> int:
        """All completions that were judged."""
        return self.accepted + self.rejected

    @property
    def acceptance_rate(self) -> float:
        """Accepted drafts over all drafts; 0 where there is none."""
        return self.accepted / self.drafts if self.drafts else 0.0

    def as_metrics(self) -> dict[str, Any]:
        """The funnel as ``metrics.json`` holds it."""
        counts = asdict(self)
        counts["short"] = [
            {"language": language, "speech_event": event, "wanted": wanted, "accepted": got}
            for language, event, wanted, got in self.short
        ]
        return {"drafts": self.drafts, "acceptance_rate": round(self.acceptance_rate, 4), **counts}

    @classmethod
    def from_metrics(cls, metrics: dict[str, Any]) -> "Funnel":
        """The funnel that ``as_metrics`` wrote; raises KeyError or TypeError if it is another's."""
        counts = {field.name: metrics[field.name] for field in fields(cls)}
        counts["short"] = tuple(
            (cell["language"], cell["speech_event"], cell["wanted"], cell["accepted"])
            for cell in counts["short"]
        )
        return cls(**counts)


def measure_funnel(folder: Location, wanted: dict[tuple[str, str], int] | None = None) -> Funnel:
    """Count the rows below ``folder``; ``wanted`` is the quota of each (language, event)."""
    accepted, rejected = tally(folder, "data"), tally(folder, "rejected")
    cells = _counts(accepted, *_CELL[:2])
    short = tuple(
        (*cell, count, cells.get(cell, 0))
        for cell, count in sorted((wanted or {}).items())
        if cells.get(cell, 0) < count
    )
    both = pl.concat([accepted, rejected])
    return Funnel(
        accepted=int(accepted["drafts"].sum()),
        rejected=int(rejected["drafts"].sum()),
        reasons=_counts(rejected, "reason"),
        accepted_by_language=_counts(accepted, "language"),
        rejected_by_language=_counts(rejected, "language"),
        accepted_by_event=_counts(accepted, "speech_event"),
        prompt_tokens=int(both["prompt_tokens"].sum()),
        completion_tokens=int(both["completion_tokens"].sum()),
        short=short,
    )


def tally(folder: Location, part: str) -> pl.DataFrame:
    """Columns language, speech_event and reason; drafts and tokens of each that there is."""
    figures = (pl.len().cast(pl.Int64).alias("drafts"), pl.col(_TOKENS).sum())
    with naming_damage(folder):
        counted = [
            batch.group_by(_CELL).agg(figures)
            for batch in batches(files_of(folder, part), (*_CELL, *_TOKENS))
        ]
        return pl.concat(counted).group_by(_CELL).agg(pl.all().sum())


def read_rows(folder: Location, part: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
    """The rows of ``part`` ("data" or "rejected"); an empty frame where there are no files."""
    with naming_damage(folder):
        return collect(files_of(folder, part), columns)


def count_tokens(folder: Location) -> int:
    """Tokens of all prompts and answers in the shards of a dataset."""
    both = (tally(folder, part) for part in ("data", "rejected"))
    return sum(int(rows[name].sum()) for rows in both for name in _TOKENS)


def _counts(frame: pl.DataFrame, *columns: str) -> dict[Any, int]:
    """How many drafts of each, most first; of several columns, by tuples."""
    counted = frame.group_by(columns).agg(pl.col("drafts").sum())
    ordered = counted.sort(["drafts", *columns], descending=[True, *[False] * len(columns)])
    return {
        tuple(names) if len(names) > 1 else names[0]: count for *names, count in ordered.iter_rows()
    }
