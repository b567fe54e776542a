"""Taking a dataset's folder for a job: a new one, the job's own, or one that shall grow."""

from contextlib import nullcontext

from crowdglot.datasets.folder import (
    RECIPE,
    check_claim,
    claim,
    clear_journals,
    read_recipe,
    store_recipe,
    without_answers,
)
from crowdglot.datasets.growth import is_growing, mark_room, rename, rename_journals
from crowdglot.datasets.storage.location import desk
from crowdglot.errors import StorageError
from crowdglot.writing.machines.shard_locks import alone
from crowdglot.writing.opened import Job


def claim_dataset(job: Job) -> None:
    """Claim the job's folder (see ``datasets.folder.claim``) and make room where more is wanted.

    StorageError where the folder belongs to another recipe, or fewer dialogues are wanted than it
    was made for.
    """
    before, wanted = planned(job), job.recipe.dialogues_per_language
    # Workers of an earlier run would go on with the recipe as it was.
    with alone(desk(job.folder)) if before and _differs(job, before) else nullcontext():
        _claim(job, before, wanted)


def _differs(job: Job, before: int) -> bool:
    try:
        check_claim(job.folder, job.identity())
    except StorageError:
        return True
    return before != job.recipe.dialogues_per_language


def _claim(job: Job, before: int, wanted: int) -> None:
    folder, recipe = job.folder, job.recipe.model_dump(mode="json")
    claim(folder, recipe, job.identity())
    if before > wanted:
        if not without_answers(folder):
            raise StorageError(
                f"{folder}: made for {before} dialogues of each language, and {wanted} are wanted "
                "now; a dataset can grow but not shrink: choose another output."
            )
        clear_journals(folder)
    if before not in (0, wanted):
        mark_room(folder, job.shards(before), job.shards())
        store_recipe(folder, recipe, job.identity())
        rename(folder, job.shards())
    else:
        end_growing(job)


def end_growing(job: Job) -> None:
    """Give all files the names that the stored recipe wants, where a crash came before."""
    if is_growing(job.folder):
        rename(job.folder, job.shards())
    else:
        # Another machine may have made a dataset at a URL larger since this one wrote to it.
        rename_journals(job.folder, job.shards())


def planned(job: Job) -> int:
    """For how many dialogues of each language the dataset in the job's folder was made so far."""
    if not (job.folder / RECIPE).exists():
        return 0
    before = read_recipe(job.folder).get("dialogues_per_language")
    return before if isinstance(before, int) else 0
