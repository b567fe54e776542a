"""Judging a dataset anew: changed critics or thresholds, and no question to a model."""

from crowdglot.datasets.folder import locked, read_stored_recipe, store_recipe
from crowdglot.datasets.shards import incomplete, written
from crowdglot.errors import ConfigurationError
from crowdglot.writing.ending.duplicates import forget_withdrawals, withdraw_duplicates
from crowdglot.writing.ending.finish import finish
from crowdglot.writing.ending.references import check_against
from crowdglot.writing.opened import open_recipe
from crowdglot.writing.recipe import Recipe
from crowdglot.writing.run import Run
from crowdglot.writing.shards.filling import fill_shard
from crowdglot.writing.trust import is_trusted, remember_own
from crowdglot.writing.watch import Watch
from crowdglot.writing.write import Outcome


async def rejudge_dataset(recipe: Recipe, watch: Watch | None = None) -> Outcome:
    """Apply the critics and thresholds of ``recipe``, which is a dataset's own but for these.

    Near-duplicates are looked for anew as well. ``Outcome.unfinished`` tells how many shards now
    want more dialogues, which ``write_dataset`` writes. ConfigurationError where the sources are
    no longer those of the dataset.
    """
    opened, watch = open_recipe(recipe), watch or Watch()
    folder = opened.folder
    with locked(folder):
        check_against(opened)
        made_by = read_stored_recipe(folder).get("identity", {})
        if opened.fingerprint != made_by.get("sources"):
            raise ConfigurationError(
                f"{folder}: its personas, demonstrations, packs or events are no longer those it "
                "was made with, so its scenarios cannot be told; restore them, or use the "
                "crowdglot version in its rows."
            )
        shards = written(folder, opened.shards())
        # The recipe first: after a crash half-way, running the same again finishes the rest.
        own = is_trusted(folder)
        store_recipe(folder, recipe.model_dump(mode="json"), opened.identity())
        if own:
            remember_own(folder, recipe)
        forget_withdrawals(opened)
        for shard in shards:
            await fill_shard(Run.judging_only(opened, watch), shard)
            if watch.stop.cause:
                raise watch.stop.cause
        while await withdraw_duplicates(opened, watch, all_shards=True):
            pass
        funnel = finish(opened, stopped=True)
        return Outcome(funnel, unfinished=len(incomplete(folder, shards)), wrote=True)
