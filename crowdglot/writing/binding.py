"""Binding a dataset's folder to a recipe: a new folder, the recipe's own, or one that grows."""

from contextlib import nullcontext

from crowdglot.datasets.folder import (
    RECIPE,
    bind,
    check_binding,
    clear_journals,
    read_stored_recipe,
    store_recipe,
    without_answers,
)
from crowdglot.datasets.shards import make_room
from crowdglot.datasets.storage.guarded import check_folder
from crowdglot.datasets.storage.location import local_folder
from crowdglot.errors import StorageError
from crowdglot.scenarios.plan import MOST_DIALOGUES
from crowdglot.writing.machines.shard_locks import keeping_workers_out
from crowdglot.writing.opened import OpenedRecipe
from crowdglot.writing.trust import is_trusted, remember_own


def bind_dataset(opened: OpenedRecipe) -> None:
    """Bind the recipe's folder (see ``datasets.folder.bind``); make room where more is wanted.

    StorageError where the folder belongs to another recipe, or fewer dialogues are wanted than it
    was made for.
    """
    before = planned(opened)
    # Workers of an earlier run would go on with the recipe as it was.
    changes = before and _differs(opened, before)
    with keeping_workers_out(local_folder(opened.folder)) if changes else nullcontext():
        folder, recipe = opened.folder, opened.recipe.model_dump(mode="json")
        own, wanted = is_trusted(folder), opened.recipe.dialogues_per_language
        bind(folder, recipe, opened.identity())
        if before > wanted:
            if not without_answers(folder):
                _check_size(opened, before)
            clear_journals(folder)
        if before not in (0, wanted):
            make_room(folder, opened.shards(before), opened.shards())
            store_recipe(folder, recipe, opened.identity())
        if own:
            remember_own(folder, opened.recipe)


def check_dataset(opened: OpenedRecipe) -> None:
    """Raise StorageError where ``bind_dataset`` would refuse a folder that has a recipe."""
    check_folder(local_folder(opened.folder))
    before = planned(opened)
    if before and not without_answers(opened.folder):
        check_binding(opened.folder, opened.identity())
        _check_size(opened, before)


def planned(opened: OpenedRecipe) -> int:
    """For how many dialogues of each language the dataset in the folder was made so far."""
    if not (opened.folder / RECIPE).exists():
        return 0
    before = read_stored_recipe(opened.folder).get("dialogues_per_language")
    return before if type(before) is int and 0 < before <= MOST_DIALOGUES else 0


def _check_size(opened: OpenedRecipe, before: int) -> None:
    wanted = opened.recipe.dialogues_per_language
    if before > wanted:
        raise StorageError(
            f"{opened.folder}: made for {before} dialogues of each language, and {wanted} are "
            "wanted now; a dataset can grow but not shrink: choose another output."
        )


def _differs(opened: OpenedRecipe, before: int) -> bool:
    try:
        check_binding(opened.folder, opened.identity())
    except StorageError:
        return True
    return before != opened.recipe.dialogues_per_language
