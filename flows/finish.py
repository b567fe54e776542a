"""Closing a run: count what lies on disk, write metrics and card."""

import json
from collections import Counter

from flows.job import Job
from outputs.card import write_card
from outputs.funnel import Funnel, measure_funnel, read_rows
from outputs.metrics.diversity import measure
from outputs.metrics.figure import as_metrics
from outputs.metrics.rows import read_some
from outputs.storage import write_text

# Of larger datasets an even part of about so many dialogues is measured, without intervals.
_MOST_MEASURED = 5_000


def finish(job: Job) -> Funnel:
    """Measure the dataset, write ``metrics.json`` and ``README.md``, return the funnel."""
    plan = job.materials.plan
    wanted: Counter[tuple[str, str]] = Counter()
    for shard in job.shards():
        if shard.accepted(job.folder).exists():
            for index in job.first_indices(shard):
                wanted[shard.language, plan.event(index).name] += 1
    funnel = measure_funnel(job.folder, wanted)
    metrics = {
        "name": job.recipe.name,
        "funnel": funnel.as_metrics(),
        "diversity": _diversity(job, funnel.accepted),
    }
    write_text(
        job.folder / "metrics.json", json.dumps(metrics, ensure_ascii=False, indent=2) + "\n"
    )
    models = read_rows(job.folder, "data", ("model",))["model"].unique().sort().to_list()
    model = ", ".join(models) or job.recipe.engine.model or job.recipe.engine.kind
    write_card(job.folder, job.recipe.name, job.recipe.languages, model, funnel)
    return funnel


def _diversity(job: Job, accepted: int) -> list[dict[str, str | float | None]]:
    """The figures of ``outputs.metrics``, at most 500 dialogues of a language."""
    figures = measure(
        read_some(job.folder, accepted, _MOST_MEASURED),
        seed=job.recipe.seed,
        subsample=500,
        resamples=200 if accepted <= _MOST_MEASURED else 0,
        personas_available=len(job.materials.plan.personas.personas),
    )
    return as_metrics(figures)
