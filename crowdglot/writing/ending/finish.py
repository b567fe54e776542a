"""Closing a run: count what lies on disk, write report, metrics and card."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from crowdglot.datasets.card import write_card
from crowdglot.datasets.duplicates import read_ledger
from crowdglot.datasets.funnel import Funnel, measure_funnel
from crowdglot.datasets.report import METRICS, Source, gather, write_report
from crowdglot.datasets.shards import Shard, incomplete, written
from crowdglot.datasets.storage.files import storing
from crowdglot.dialogues.human import read_human
from crowdglot.engines.embedding.embedder import Meanings
from crowdglot.errors import EngineError
from crowdglot.writing.ending.embedding import embedder
from crowdglot.writing.ending.failures import write_failures
from crowdglot.writing.opened import Job


def finish(job: Job, *, stopped: bool = False, by_meaning: bool = True) -> Funnel:
    """Measure the dataset, write ``failed.jsonl``, ``README.md``, ``report.html`` and last
    ``metrics.json``; return the funnel.

    ``stopped``: whether the places of unfinished shards are still open rather than given up; then
    no cell is told to be short yet. ``by_meaning``: whether to ask the recipe's embedding model;
    where it does not answer, all is written without the figures that need it, and then EngineError
    raised.
    """
    there = written(job.folder, job.shards())
    funnel = measure_funnel(job.folder)
    given_up = funnel.accepted < sum(shard.size for shard in there)
    if given_up and stopped:
        waiting = set(incomplete(job.folder, there))
        there = [shard for shard in there if shard not in waiting]
    elif given_up:
        funnel = measure_funnel(job.folder, _wanted(job, there))
    write_failures(job, there if given_up else [])
    recipe = job.recipe
    reference = recipe.reference
    faults: list[EngineError] = []
    embed = embedder(recipe.embedding) if by_meaning else None
    facts = gather(
        Source(
            folder=job.folder,
            name=recipe.name,
            seed=recipe.seed,
            funnel=funnel,
            personas_available=len(job.materials.plan.personas.personas),
            reference=read_human(Path(reference), recipe.languages) if reference else {},
            embed=embed and _noting(embed, faults),
        )
    )
    model = ", ".join(facts.models) or recipe.engine.model or recipe.engine.kind
    write_card(job.folder, recipe.name, recipe.languages, model, funnel)
    write_report(job.folder, facts)
    if faults:
        raise EngineError(
            f"{faults[0]} All is written but the Vendi score; once the model answers, "
            f"`crowdglot report {job.folder}` adds it."
        )
    return funnel


def _noting(
    embed: Callable[[Sequence[str]], Meanings], faults: list[EngineError]
) -> Callable[[Sequence[str]], Meanings | None]:
    """``embed``, but its errors go to ``faults``."""

    def ask(texts: Sequence[str]) -> Meanings | None:
        try:
            return embed(texts)
        except EngineError as error:
            faults.append(error)
            return None

    return ask


def finished(job: Job) -> Funnel | None:
    """The funnel as it was last counted, if all is written and nothing has changed since.

    Lists folders and reads one small file, however large the dataset is.
    """
    return counted(job) if is_done(job) else None


def is_done(job: Job) -> bool:
    """Whether all is written, and near-duplicates are taken out where the recipe wants that."""
    settled = not job.recipe.duplicates.rounds or read_ledger(job.folder).settled
    return settled and not incomplete(job.folder, job.shards())


def counted(job: Job) -> Funnel | None:
    """The funnel as the last run counted it; None if nothing was counted since shards changed."""
    try:
        return Funnel.from_metrics(json.loads((job.folder / METRICS).read_text("utf-8"))["funnel"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it was never written, or is not ours: count anew


def unfinish(job: Job) -> None:
    """Take back what is said of the whole dataset, as before its shards change."""
    with storing(job.folder):
        (job.folder / METRICS).unlink(missing_ok=True)


def _wanted(job: Job, shards: list[Shard]) -> Counter[tuple[str, str]]:
    """The quota of each cell of language and event, in the shards that are there."""
    plan = job.materials.plan
    return Counter(
        (shard.language, plan.event(index).name)
        for shard in shards
        for index in job.first_indices(shard)
    )
