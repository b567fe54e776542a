"""Comparing datasets, the arms of an experiment or any others, and what people wrote.

``arms`` reads and counts, ``drawing`` makes sizes equal, ``measures`` gives what is compared,
``statistics`` intervals, tests and effect sizes, ``preference`` the judge's choice between two
dialogues of a scenario, ``page`` the page. Names and texts of datasets are never markup.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from crowdglot.datasets.folder import read_stored_recipe
from crowdglot.datasets.storage.files import storing
from crowdglot.datasets.storage.location import Location
from crowdglot.errors import ConfigurationError, EngineError
from crowdglot.evidence.compare.arms import Arm, open_arms
from crowdglot.evidence.compare.comparing import Compared, Comparison, compare
from crowdglot.evidence.compare.page import write_page
from crowdglot.evidence.compare.preference import prefer
from crowdglot.recipes import read_embedding, read_recipe
from crowdglot.writing.ending.references import embedder
from crowdglot.writing.recipe import Recipe

_JOURNAL = "compare.calls"


def compare_datasets(
    folders: Sequence[Location],
    human: Path | None = None,
    *,
    judge: str = "",
    changes: Sequence[str] = (),
    matches: int = 50,
    output: Path | None = None,
    seed: int = 0,
) -> tuple[Location, Compared]:
    """Compare datasets and people's dialogues, and write page and figures; the page's path.

    ``judge``: the recipe whose judging model prefers; by default that of the first dataset whose
    own recipe names one. ``changes``: of the first dataset's embedding model. ``output``: by
    default the first dataset's folder. Raises CrowdglotError: what is wrong in any of them.
    """
    arms = open_arms(folders, human, seed)
    if output is None and not isinstance(folders[0], Path):
        raise ConfigurationError(f"{folders[0]}: is not here; say with --output where to write.")
    to = output or Path(str(folders[0]))
    with storing(to):
        to.mkdir(parents=True, exist_ok=True)
    preferences, notes = _preferences(folders, arms, judge, matches, to / _JOURNAL)
    embed = embedder(read_embedding(folders[0], changes))
    compared = compare(arms, seed=seed, embed=embed, preferences=preferences)
    compared = replace(compared, notes=[*compared.notes, *notes])
    return write_page(to, compared), compared


def _preferences(
    folders: Sequence[Location], arms: Sequence[Arm], judge: str, matches: int, journal: Path
) -> tuple[list[Comparison], list[str]]:
    """What the judge prefers, and what is to be told where none is asked or none answers."""
    try:
        recipe = read_recipe(judge) if judge else _own_judge(folders)
    except ConfigurationError as error:
        if judge:
            raise
        return [], [f"No judge is asked. {error}"]
    datasets = [arm for arm in arms if arm.funnel]
    if recipe is None or len(datasets) < 2:
        return [], []
    try:
        return asyncio.run(prefer(datasets, recipe, most=matches, journal=journal))
    except EngineError as error:
        return [], [f"The judge could not be asked: {error}"]


def _own_judge(folders: Sequence[Location]) -> Recipe | None:
    """The recipe of the first dataset whose own names a judging model."""
    for folder in folders:
        models = read_stored_recipe(folder).get("models")
        if isinstance(models, dict) and "judge" in models:
            return read_recipe(str(folder))
    return None
