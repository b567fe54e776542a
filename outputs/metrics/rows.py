"""Reading what metrics measure: the whole of a small dataset, an even part of a large one."""

from pathlib import Path

import polars as pl

COLUMNS = ("language", "speech_event", "model", "personas", "turns")


def read_some(folder: Path, accepted: int, most: int) -> pl.DataFrame:
    """About ``most`` of the ``accepted`` rows of a dataset, chosen by the rows' own seeds.

    The same rows whenever it is asked; memory does not grow with the dataset.
    """
    files = sorted((folder / "data").glob("*/*.parquet"))
    if not files:
        return pl.DataFrame(schema={"language": pl.String, "turns": pl.List(pl.Struct({}))})
    every = -(-accepted // most)
    rows = pl.scan_parquet(files)
    if every > 1:
        rows = rows.filter(pl.col("seed") % every == 0)
    return rows.select(COLUMNS).collect(engine="streaming")
