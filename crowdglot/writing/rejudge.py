"""Judging a dataset anew: changed critics or thresholds, no question to the model."""

import asyncio
from collections.abc import Sequence

from crowdglot.datasets.folder import locked, read_recipe, store_recipe
from crowdglot.datasets.funnel import Funnel
from crowdglot.datasets.shards import incomplete, written
from crowdglot.datasets.storage.location import Location
from crowdglot.errors import ConfigurationError
from crowdglot.writing.binding import end_growing
from crowdglot.writing.ending.deduplicate import check_against, deduplicate, forget
from crowdglot.writing.ending.finish import finish
from crowdglot.writing.opened import open_job
from crowdglot.writing.recipe import build_recipe
from crowdglot.writing.run import Run
from crowdglot.writing.shards.filling import fill_shard

_CHANGEABLE = ("critics.", "duplicates.")


def rejudge(folder: Location, changes: Sequence[str]) -> tuple[Funnel, int]:
    """Apply today's critics, and ``changes`` such as "critics.length.most_characters=300".

    Near-duplicates are looked for anew as well. Returns the new funnel and the number of shards
    that now want more dialogues, which ``synthesize`` writes. Only keys under ``critics`` and
    ``duplicates`` may change; the rest is what the rows are.
    """
    if strange := [change for change in changes if not change.startswith(_CHANGEABLE)]:
        raise ConfigurationError(
            f"--set {strange[0]}: rejudge changes keys under 'critics' and 'duplicates' only; "
            "for another recipe run `crowdglot synthesize` with another output."
        )
    with locked(folder):
        table = read_recipe(folder)
        identity = table.pop("identity", {})
        recipe = build_recipe(table, changes, where=str(folder / "recipe.toml"))
        recipe = recipe.model_copy(update={"output": str(folder)})
        job = open_job(recipe)
        check_against(job)
        if job.materials.fingerprint != identity.get("materials"):
            raise ConfigurationError(
                f"{folder}: its personas, demonstrations, packs or events are no longer those it "
                "was made with, so its scenarios cannot be told; restore them, or use the "
                "crowdglot version in its rows."
            )
        end_growing(job)
        run = Run.of_known(job)
        shards = written(folder, job.shards())
        # The recipe first: after a crash half-way, running the same again finishes the rest.
        store_recipe(folder, recipe.model_dump(mode="json"), job.identity())
        forget(job)
        for shard in shards:
            asyncio.run(fill_shard(run, shard))
            if run.stop.cause:
                raise run.stop.cause
        while asyncio.run(deduplicate(job, run.tally, all_shards=True)):
            pass
        return finish(job, stopped=True), len(incomplete(folder, shards))
