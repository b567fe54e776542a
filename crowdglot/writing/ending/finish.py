"""Closing a run: count what lies on disk, write report, metrics and card."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from crowdglot.datasets.card import write_card
from crowdglot.datasets.funnel import METRICS, Funnel, measure_funnel, stored_funnel
from crowdglot.datasets.report import gather, write_report
from crowdglot.datasets.shards import Shard, incomplete, written
from crowdglot.datasets.storage.files import storing
from crowdglot.datasets.withdrawals import read_withdrawals
from crowdglot.dialogues.human import read_human
from crowdglot.engines.embedding.embedder import Meanings
from crowdglot.errors import EngineError
from crowdglot.writing.ending.about import gather_about
from crowdglot.writing.ending.failures import write_failures
from crowdglot.writing.ending.references import embedder
from crowdglot.writing.opened import OpenedRecipe


def finish(opened: OpenedRecipe, *, stopped: bool = False, by_meaning: bool = True) -> Funnel:
    """Measure the dataset, write ``failed.jsonl``, ``README.md``, ``report.html`` and last
    ``metrics.json``; return the funnel.

    ``stopped``: whether dialogues of unfinished shards are still wanted rather than given up; then
    no cell is told to be short yet. ``by_meaning``: whether to ask the recipe's embedding model;
    where it does not answer, all is written without the figures that need it, and then EngineError
    raised.
    """
    there = written(opened.folder, opened.shards())
    funnel = measure_funnel(opened.folder)
    given_up = funnel.accepted < sum(shard.size for shard in there)
    if given_up and stopped:
        waiting = set(incomplete(opened.folder, there))
        there = [shard for shard in there if shard not in waiting]
    elif given_up:
        funnel = measure_funnel(opened.folder, _wanted(opened, there))
    write_failures(opened, there if given_up else [])
    recipe = opened.recipe
    reference = recipe.reference
    faults: list[EngineError] = []
    embed = embedder(recipe.embedding) if by_meaning else None
    facts = gather(
        opened.folder,
        recipe.name,
        seed=recipe.seed,
        funnel=funnel,
        personas_available=len(opened.plan.personas.personas),
        reference=read_human(Path(reference), recipe.languages) if reference else {},
        embed=embed and _noting(embed, faults),
    )
    model = ", ".join(facts.models) or recipe.engine.model or recipe.engine.kind
    about = gather_about(opened, facts.figures, facts.untold)
    write_card(opened.folder, recipe.name, recipe.languages, model, funnel, about)
    write_report(opened.folder, facts)
    if faults:
        raise EngineError(
            f"{faults[0]} All is written but the Vendi score; once the model answers, "
            f"`crowdglot report {opened.folder}` adds it."
        )
    return funnel


def _noting(
    embed: Callable[[Sequence[str]], Meanings], faults: list[EngineError]
) -> Callable[[Sequence[str]], Meanings | None]:

    def ask(texts: Sequence[str]) -> Meanings | None:
        try:
            return embed(texts)
        except EngineError as error:
            faults.append(error)
            return None

    return ask


def finished(opened: OpenedRecipe) -> Funnel | None:
    """The funnel as it was last counted, if all is written and nothing has changed since.

    Lists folders and reads one small file, however large the dataset is.
    """
    return stored_funnel(opened.folder) if is_done(opened) else None


def is_done(opened: OpenedRecipe) -> bool:
    """Whether all is written, and searched for near-duplicates where the recipe wants that."""
    rounds = opened.recipe.duplicates.rounds
    searched = not rounds or read_withdrawals(opened.folder).up_to_date
    return searched and not incomplete(opened.folder, opened.shards())


def forget_figures(opened: OpenedRecipe) -> None:
    """Take back what is said of the whole dataset, as before its shards change."""
    with storing(opened.folder):
        (opened.folder / METRICS).unlink(missing_ok=True)


def _wanted(opened: OpenedRecipe, shards: list[Shard]) -> Counter[tuple[str, str]]:
    """The quota of each cell of language and event, in the shards that are there."""
    plan = opened.plan
    return Counter(
        (shard.language, plan.event(index).name)
        for shard in shards
        for index in opened.first_indices(shard)
    )
