"""Reading what metrics measure: the whole of a small dataset, an even part of a large one."""

import polars as pl

from crowdglot.datasets.scan import collect
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.location import Location

COLUMNS = ("language", "speech_event", "model", "personas", "turns")


def read_some(folder: Location, accepted: int, most: int) -> pl.DataFrame:
    """About ``most`` of the ``accepted`` rows of a dataset, chosen by the rows' own seeds.

    The same rows whenever it is asked; memory does not grow with the dataset.
    """
    files = files_of(folder, "data")
    if not files:
        return pl.DataFrame(schema={"language": pl.String, "turns": pl.List(pl.Struct({}))})
    every = -(-accepted // most)
    chosen = pl.col("seed") % every == 0 if every > 1 else None
    return collect(files, COLUMNS, chosen)
