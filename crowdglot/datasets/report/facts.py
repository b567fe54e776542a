"""All that the report shows, gathered from the Parquet files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from crowdglot.datasets.funnel import Funnel, count_drafts, measure_funnel
from crowdglot.datasets.metrics.measuring.corpus import Dialogues, Embed
from crowdglot.datasets.metrics.measuring.diversity import measure
from crowdglot.datasets.metrics.measuring.figure import Figure, as_metrics
from crowdglot.datasets.report.distributions import Histogram, histograms
from crowdglot.datasets.report.selection import even_positions, read_shown
from crowdglot.datasets.report.similar import Pair, most_similar
from crowdglot.datasets.scan import batches, merged, rows_at
from crowdglot.datasets.shards import files_of, unfinished
from crowdglot.datasets.storage.location import Location
from crowdglot.datasets.told import COLUMNS, untold_in

# Of larger datasets an even part of so many dialogues is measured, without intervals, and so many
# accepted and rejected ones are shown.
MOST_MEASURED, MOST_ACCEPTED, MOST_REJECTED = 5_000, 2_000, 1_000
_MEASURED = ("language", "speech_event", "model", "turns", "verdicts", *COLUMNS)


@dataclass(frozen=True, slots=True)
class Facts:
    """``cells``: (accepted, rejected) of each (language, event). ``measured``: how many accepted
    dialogues the figures, histograms and similar pairs come from. ``accepted`` and ``rejected``:
    dialogues as shown (see ``selection``). ``planned``: whether the funnel was compared with the
    plan. ``unfinished``: shards that want more dialogues, or whose journal is not yet a file of
    rows. ``untold``: sentences on what the model was not told of the dialogues measured.
    """

    name: str
    funnel: Funnel
    models: tuple[str, ...]
    cells: Mapping[tuple[str, str], tuple[int, int]]
    measured: int
    figures: Sequence[Figure]
    histograms: Sequence[Histogram]
    similar: Sequence[Pair]
    accepted: Sequence[Mapping[str, Any]]
    rejected: Sequence[Mapping[str, Any]]
    personas_available: int
    planned: bool
    unfinished: int
    untold: tuple[str, ...] = ()

    def as_metrics(self) -> dict[str, Any]:
        """What ``metrics.json`` holds; no "short" where the plan is not known."""
        funnel = self.funnel.as_metrics()
        if not self.planned:
            del funnel["short"]
        return {
            "name": self.name,
            "funnel": funnel,
            "personas_available": self.personas_available,
            "diversity": as_metrics(self.figures),
            "most_similar": [
                {
                    "language": pair.language,
                    "similarity": round(pair.similarity, 4),
                    "ids": [pair.one["id"], pair.other["id"]],
                }
                for pair in self.similar
            ],
        }


def gather(
    folder: Location,
    name: str,
    *,
    seed: int = 0,
    funnel: Funnel | None = None,
    wanted: Mapping[tuple[str, str], int] | None = None,
    personas_available: int = 0,
    reference: Mapping[str, Dialogues] = MappingProxyType({}),
    embed: Embed | None = None,
) -> Facts:
    """Count and measure a dataset; StorageError names a file that is damaged.

    ``funnel``: where the run has counted it already. ``wanted``: dialogues planned of each
    (language, event), where it has not; None where the plan is not known. ``personas_available``:
    the size of the persona pool, 0 where it is not known. ``reference``: the turn texts of human
    dialogues by language tag. ``embed``: the vectors of texts, where there is an embedding model.
    """
    planned = funnel is not None or wanted is not None
    data, rejected = files_of(folder, "data"), files_of(folder, "rejected")
    funnel = funnel or measure_funnel(folder, dict(wanted or {}))
    measured = even_positions(data, ("language",), MOST_MEASURED)
    rows = rows_at(data, measured, _MEASURED)
    accepted = even_positions(data, ("language", "speech_event"), MOST_ACCEPTED)
    refused = even_positions(rejected, ("reason", "language"), MOST_REJECTED)
    return Facts(
        name=name,
        funnel=funnel,
        models=_models(data),
        cells=_cells(folder),
        measured=rows.height,
        figures=measure(
            rows,
            seed=seed,
            subsample=500,
            reference=reference,
            resamples=200 if funnel.accepted <= MOST_MEASURED else 0,
            personas_available=personas_available,
            embed=embed,
        ),
        histograms=tuple(histograms(rows, reference)),
        similar=most_similar(data, measured, rows),
        accepted=read_shown(data, accepted),
        rejected=read_shown(rejected, refused),
        personas_available=personas_available,
        planned=planned,
        unfinished=unfinished(folder),
        untold=tuple(untold_in(rows)),
    )


def _cells(folder: Location) -> dict[tuple[str, str], tuple[int, int]]:
    counts: dict[tuple[str, str], list[int]] = {}
    for at, part in enumerate(("data", "rejected")):
        counted = count_drafts(folder, part).select("language", "speech_event", "drafts")
        for language, event, count in counted.iter_rows():
            counts.setdefault((language, event), [0, 0])[at] += count
    return {cell: (kept, refused) for cell, (kept, refused) in sorted(counts.items())}


def _models(files: Sequence[Location]) -> tuple[str, ...]:
    named = merged(batches(files, ["model"]), lambda rows: rows.unique("model"))
    return tuple(sorted(filter(None, named["model"])))
