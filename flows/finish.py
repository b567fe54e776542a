"""Closing a run: count what lies on disk, write metrics and card."""

import json
from collections import Counter
from typing import Any

from flows.failures import write_failures
from flows.job import Job
from outputs.card import write_card
from outputs.duplicates import read_ledger
from outputs.funnel import Funnel, measure_funnel, read_rows
from outputs.metrics.diversity import measure
from outputs.metrics.figure import as_metrics
from outputs.metrics.rows import read_some
from outputs.shards import Shard, incomplete
from outputs.storage import storing, write_text

METRICS = "metrics.json"
# Of larger datasets an even part of about so many dialogues is measured, without intervals.
_MOST_MEASURED = 5_000


def finish(job: Job) -> Funnel:
    """Measure the dataset, write ``metrics.json``, ``failed.jsonl`` and ``README.md``, return the
    funnel."""
    written = [shard for shard in job.shards() if shard.accepted(job.folder).exists()]
    funnel = measure_funnel(job.folder)
    if funnel.accepted < sum(shard.size for shard in written):
        funnel = measure_funnel(job.folder, _wanted(job, written))
    write_failures(job, written if funnel.short else [])
    metrics = {
        "name": job.recipe.name,
        "funnel": funnel.as_metrics(),
        "diversity": _diversity(job, funnel.accepted),
    }
    write_text(job.folder / METRICS, json.dumps(metrics, ensure_ascii=False, indent=2) + "\n")
    models = read_rows(job.folder, "data", ("model",))["model"].unique().sort().to_list()
    model = ", ".join(models) or job.recipe.engine.model or job.recipe.engine.kind
    write_card(job.folder, job.recipe.name, job.recipe.languages, model, funnel)
    return funnel


def finished(job: Job) -> Funnel | None:
    """The funnel as it was last counted, if all is written and nothing has changed since.

    Lists folders and reads one small file, however large the dataset is.
    """
    settled = not job.recipe.duplicates.rounds or read_ledger(job.folder).settled
    if not settled or incomplete(job.folder, job.shards()):
        return None
    try:
        return Funnel.from_metrics(json.loads((job.folder / METRICS).read_text("utf-8"))["funnel"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it was never written, or is not ours: count anew


def unfinish(job: Job) -> None:
    """Take back what is said of the whole dataset, as before its shards change."""
    with storing(job.folder):
        (job.folder / METRICS).unlink(missing_ok=True)


def _wanted(job: Job, written: list[Shard]) -> Counter[tuple[str, str]]:
    """The quota of each cell of language and event, in the shards that are there."""
    plan = job.materials.plan
    return Counter(
        (shard.language, plan.event(index).name)
        for shard in written
        for index in job.first_indices(shard)
    )


def _diversity(job: Job, accepted: int) -> list[dict[str, Any]]:
    """The figures of ``outputs.metrics``, at most 500 dialogues of a language."""
    figures = measure(
        read_some(job.folder, accepted, _MOST_MEASURED),
        seed=job.recipe.seed,
        subsample=500,
        resamples=200 if accepted <= _MOST_MEASURED else 0,
        personas_available=len(job.materials.plan.personas.personas),
    )
    return as_metrics(figures)
