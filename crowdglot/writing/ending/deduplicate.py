"""Taking near-duplicates out of a dataset whose shards are all written.

First the ledger says which drafts repeat an earlier dialogue, then the shards that hold them are
written anew from their own completions, now with that verdict, and want other dialogues in those
places. A crash in between is mended by doing the second step again. What is found depends on the
rows alone, not on the order in which shards were written.
"""

import asyncio

from crowdglot.datasets.duplicates import (
    Duplicate,
    Earlier,
    find_duplicates,
    read_ledger,
    write_ledger,
)
from crowdglot.datasets.folder import RECIPE
from crowdglot.datasets.shards import incomplete, is_complete, read_table
from crowdglot.datasets.storage.location import locate
from crowdglot.errors import ConfigurationError
from crowdglot.writing.ending.finish import unfinish
from crowdglot.writing.opened import Job
from crowdglot.writing.run import Run
from crowdglot.writing.shards.filling import fill_shard
from crowdglot.writing.watch import Tally


def check_against(job: Job) -> None:
    """Raise ConfigurationError unless ``duplicates.against`` names datasets, and not this one."""
    for folder in job.recipe.duplicates.against:
        path = locate(folder)
        if not (path / RECIPE).exists() and not (path / "data").is_dir():
            raise ConfigurationError(
                f"duplicates.against: {folder} is no dataset's folder (it has no 'data'); "
                "correct the path or leave it out."
            )
        if path.resolve() == job.folder.resolve():
            raise ConfigurationError(
                f"duplicates.against: {folder} is the dataset's own folder, which is always "
                "looked through; leave it out."
            )


async def deduplicate(job: Job, tally: Tally, *, all_shards: bool = False) -> bool:
    """Take out what repeats an earlier dialogue; whether there was any, so that places are open.

    Does nothing where nothing was written since the last time, or where the recipe wants none.
    ``all_shards``: see ``take_out``.
    """
    if not job.recipe.duplicates.rounds or read_ledger(job.folder).settled:
        return False
    await take_out(job, tally, all_shards=all_shards)
    known = read_ledger(job.folder).duplicates
    found = await asyncio.to_thread(_find, job)
    write_ledger(job.folder, (*known, *found), settled=not found)
    await take_out(job, tally, all_shards=all_shards)
    return bool(found)


async def take_out(job: Job, tally: Tally, *, all_shards: bool = False) -> None:
    """Write the shards anew that still keep a draft which the ledger calls a duplicate.

    Unfinished ones are left to whoever fills them; ``all_shards``: nobody will.
    """
    ledger = read_ledger(job.folder)
    if ledger.settled:
        return
    by_shard: dict[tuple[str, int], set[tuple[int, int]]] = {}
    for duplicate in ledger.duplicates:
        place = (duplicate.language, duplicate.shard)
        by_shard.setdefault(place, set()).add((duplicate.index, duplicate.attempt))
    shards = [shard for shard in job.shards() if (shard.language, shard.number) in by_shard]
    waiting = set() if all_shards else set(incomplete(job.folder, shards))
    for shard in shards:
        if shard in waiting:
            continue
        named = by_shard[shard.language, shard.number]
        if not shard.accepted(job.folder).exists():
            continue
        table = read_table(shard.accepted(job.folder), ["index", "attempt"])
        kept = set(zip(table["index"].to_pylist(), table["attempt"].to_pylist(), strict=True))
        if named & kept:
            run = Run.of_known(job)
            await fill_shard(run, shard)
            if run.stop.cause:
                raise run.stop.cause
            if not is_complete(job.folder, shard):
                tally.accepted = max(0, tally.accepted - len(named & kept))


def touched(job: Job) -> None:
    """Note that shards are about to be written: all that is said of the whole is out of date."""
    unfinish(job)
    ledger = read_ledger(job.folder)
    if ledger.settled:
        write_ledger(job.folder, ledger.duplicates, settled=False)


def forget(job: Job) -> None:
    """Forget all verdicts on duplicates, as before judging anew."""
    unfinish(job)
    write_ledger(job.folder, (), settled=False)


def _find(job: Job) -> list[Duplicate]:
    settings = job.recipe.duplicates
    earlier = Earlier(
        demonstrations=job.materials.demonstrations.all,
        folders=[locate(folder) for folder in settings.against],
    )
    shards = job.shards()
    return [
        duplicate
        for language in job.materials.plan.languages
        for duplicate in find_duplicates(
            job.folder,
            language,
            [shard for shard in shards if shard.language == language.tag],
            least_similarity=settings.least_similarity,
            least_repeated_turns=settings.least_repeated_turns,
            earlier=earlier,
        )
    ]
