"""Withdrawing near-duplicates from a dataset whose shards are all written.

First the search says which rows repeat an earlier dialogue. Then the shards that hold them are
written anew from their own calls, now with that verdict, and want other dialogues instead.
After a crash in between the second step is done again. What is found depends on the rows alone,
not on the order in which shards were written.
"""

import asyncio

from crowdglot.datasets.duplicates import find_duplicates
from crowdglot.datasets.shards import Shard, incomplete, is_complete
from crowdglot.datasets.storage.location import locate
from crowdglot.datasets.tables import read_table
from crowdglot.datasets.withdrawals import (
    DUPLICATES,
    Withdrawal,
    read_withdrawals,
    write_withdrawals,
)
from crowdglot.writing.ending.finish import forget_figures
from crowdglot.writing.opened import OpenedRecipe
from crowdglot.writing.run import Run
from crowdglot.writing.shards.filling import fill_shard
from crowdglot.writing.watch import Watch


async def withdraw_duplicates(
    opened: OpenedRecipe, watch: Watch, *, all_shards: bool = False
) -> bool:
    """Withdraw what repeats an earlier dialogue; whether there was any, so that more is wanted.

    Does nothing where nothing was written since the last time, or where the recipe wants no
    search. ``all_shards``: see ``carry_out``.
    """
    if not opened.recipe.duplicates.rounds or read_withdrawals(opened.folder).up_to_date:
        return False
    await carry_out(opened, watch, all_shards=all_shards)
    known = read_withdrawals(opened.folder).every
    found = await asyncio.to_thread(_find, opened)
    write_withdrawals(opened.folder, (*known, *found), up_to_date=not found)
    await carry_out(opened, watch, all_shards=all_shards)
    return bool(found)


async def carry_out(opened: OpenedRecipe, watch: Watch, *, all_shards: bool = False) -> None:
    """Write the shards anew that still keep a row which was withdrawn.

    Unfinished ones are left to whoever fills them; ``all_shards``: nobody will.
    """
    withdrawals = read_withdrawals(opened.folder)
    if withdrawals.up_to_date:
        return
    named: dict[tuple[str, int], set[tuple[int, int]]] = {}
    for one in withdrawals.every:
        named.setdefault((one.language, one.shard), set()).add((one.index, one.attempt))
    shards = [shard for shard in opened.shards() if (shard.language, shard.number) in named]
    waiting = set() if all_shards else set(incomplete(opened.folder, shards))
    for shard in shards:
        still = named[shard.language, shard.number] & _kept(opened, shard)
        if still and shard not in waiting:
            await _write_anew(opened, shard, watch, len(still))


def _kept(opened: OpenedRecipe, shard: Shard) -> set[tuple[int, int]]:
    """Index and attempt of the rows that a shard accepts; none where it is not written."""
    path = shard.accepted(opened.folder)
    if not path.exists():
        return set()
    table = read_table(path, ["index", "attempt"])
    return set(zip(table["index"].to_pylist(), table["attempt"].to_pylist(), strict=True))


async def _write_anew(opened: OpenedRecipe, shard: Shard, watch: Watch, withdrawn: int) -> None:
    run = Run.judging_only(opened)
    await fill_shard(run, shard)
    if run.watch.stop.cause:
        raise run.watch.stop.cause
    if not is_complete(opened.folder, shard):
        watch.progress.accepted = max(0, watch.progress.accepted - withdrawn)


def note_writing(opened: OpenedRecipe) -> None:
    """Note that shards are about to be written: all that is said of the whole is out of date."""
    forget_figures(opened)
    withdrawals = read_withdrawals(opened.folder)
    if withdrawals.up_to_date:
        write_withdrawals(opened.folder, withdrawals.every, up_to_date=False)


def forget_withdrawals(opened: OpenedRecipe) -> None:
    """Forget the near-duplicates, as before judging anew; what an audit or people withdrew
    stays so."""
    forget_figures(opened)
    kept = [one for one in read_withdrawals(opened.folder).every if one.by != DUPLICATES]
    write_withdrawals(opened.folder, kept, up_to_date=False)


def _find(opened: OpenedRecipe) -> list[Withdrawal]:
    settings = opened.recipe.duplicates
    against = [locate(folder) for folder in settings.against]
    shards = opened.shards()
    return [
        withdrawal
        for language in opened.plan.languages
        for withdrawal in find_duplicates(
            opened.folder,
            language,
            [shard for shard in shards if shard.language == language.tag],
            least_similarity=settings.least_similarity,
            least_repeated_turns=settings.least_repeated_turns,
            demonstrations=opened.demonstrations.all,
            against=against,
        )
    ]
