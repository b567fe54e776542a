"""What the model was told of what a row plans, by the row's column ``told``.

A recipe plans all of it for every dialogue, and the form of its prompt may leave parts out. Whoever
reads what was not told as what a dialogue was written for would find that it does not matter.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from typing import Any

import polars as pl

from crowdglot.datasets.storage.location import Location
from crowdglot.dialogues.prompt import PARTS, told_in
from crowdglot.errors import StorageError

_PEOPLE = "personas"
_AT_ONCE = ("whole", "outlined")  # the ways that tell everything in one request
_GROUND = tuple(name for name in PARTS if name not in (_PEOPLE, "speech_event"))
COLUMNS = ("told", "personas", "common_ground")  # that ``untold_in`` reads


def told_before(path: Location) -> tuple[str, ...] | None:
    """What the rows of a file without the column were told, by form and way of the stored recipe.

    None where there is no recipe. Of a debate in the short form, half of whose speakers were told
    the other's persona, nobody's is taken away.
    """
    above = path.parents
    return _told_before(above[2]) if len(above) > 2 else None


@lru_cache(maxsize=64)
def _told_before(folder: Location) -> tuple[str, ...] | None:
    """The same of a dataset, whose recipe is read once for all its files."""
    from crowdglot.datasets.folder import read_stored_recipe  # it reads tables, and so needs us

    try:
        recipe = read_stored_recipe(folder)
    except StorageError:
        return None
    form, way = str(recipe.get("prompt", "full")), recipe.get("way", "whole")
    blank = {*told_in(form, {}), *(("channel",) if form == "short" and way not in _AT_ONCE else ())}
    told = [name for name, field in PARTS.items() if field not in blank]
    return (*told, _PEOPLE) if way == "debate" and _PEOPLE not in told else tuple(told)


def as_told(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without what the model was not told: personas without facts, as in a control, no
    traits, and texts of the common ground that are "". Columns that are not there stay so, and all
    stays of a row that does not say."""
    kept, told = dict(row), row["told"]
    if told is None:
        return kept
    if _PEOPLE not in told:
        people = [{**one, "facts": []} for one in row.get(_PEOPLE) or () if one]
        kept |= {name: own for name, own in ((_PEOPLE, people), ("traits", None)) if name in row}
    if ground := row.get("common_ground"):
        kept["common_ground"] = ground | {
            name: "" for name in _GROUND if name in ground and name not in told
        }
    return kept


def untold(row: Mapping[str, Any]) -> str:
    """A sentence on what of a row (``COLUMNS``) the model was not told, or ""."""
    names = _untold(row)
    return f"The model was not told: {', '.join(names)}." if names else ""


def untold_in(rows: pl.DataFrame) -> Iterator[str]:
    """A sentence on what of rows (``COLUMNS``) the model was not told, and of how many, if any."""
    counts = Counter(name for row in rows.select(COLUMNS).to_dicts() for name in _untold(row))
    if counts:
        by_count = groupby(sorted(counts, key=lambda name: counts[name]), counts.__getitem__)
        some = (f"{', '.join(names)} (in {count:,})" for count, names in by_count)
        yield (
            f"Rows hold all that was planned; of {len(rows):,} dialogues the model was not told: "
            f"{'; '.join(some)}. No figure and no judge takes personas as given that were not told."
        )


def _untold(row: Mapping[str, Any]) -> list[str]:
    """Those of ``PARTS`` that a row holds and the model was not told."""
    told = PARTS if row["told"] is None else row["told"]
    facts = any(one["facts"] for one in row["personas"] or () if one)
    held = {_PEOPLE: facts, "speech_event": True, **(row["common_ground"] or {})}
    return [name for name in PARTS if held.get(name) and name not in told]
