"""What the model was told of what a row plans, by the row's column ``told``.

A recipe plans all of it for every dialogue, and the form of its prompt may leave parts out. Whoever
reads what was not told as what a dialogue was written for would find that it does not matter.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import polars as pl

from crowdglot.dialogues.prompt import PARTS
from crowdglot.errors import StorageError
from crowdglot.printable import one_line

_UNKNOWN = (
    "written by an earlier version of crowdglot, which did not note what the model was told; "
    "`crowdglot rejudge` on the dataset notes it, and asks no model."
)
_PEOPLE = "personas"
_GROUND = tuple(name for name in PARTS if name not in (_PEOPLE, "speech_event"))
COLUMNS = ("told", "personas", "common_ground")  # that ``untold_in`` reads


def as_told(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without what the model was not told: personas without facts, as in a control, no
    traits, and texts of the common ground that are "". Columns that are not there stay so.

    StorageError where the row does not say what it was told.
    """
    if row["told"] is None:
        raise StorageError(f"{one_line(row.get('id', 'a row'))}: {_UNKNOWN}")
    return as_far_as_told(row)


def as_far_as_told(row: Mapping[str, Any]) -> dict[str, Any]:
    """The same for whoever shows rows; as it is where it does not say."""
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
    if row["told"] is None:
        return f"This row was {_UNKNOWN}"
    names = _untold(row)
    return f"The model was not told: {', '.join(names)}." if names else ""


def untold_in(rows: pl.DataFrame) -> Iterator[str]:
    """Sentences on what of rows (``COLUMNS``) the model was not told, and of how many."""
    read = rows.select(COLUMNS).to_dicts()
    known = [row for row in read if row["told"] is not None]
    if unknown := len(read) - len(known):
        yield f"{unknown:,} of {len(read):,} dialogues were {_UNKNOWN}"
    counts = Counter(name for row in known for name in _untold(row))
    if counts:
        by_count = groupby(sorted(counts, key=lambda name: counts[name]), counts.__getitem__)
        some = (f"{', '.join(names)} (in {count:,})" for count, names in by_count)
        yield (
            f"Rows hold all that was planned; of {len(read):,} dialogues the model was not told: "
            f"{'; '.join(some)}. No figure and no judge takes personas as given that were not told."
        )


def _untold(row: Mapping[str, Any]) -> list[str]:
    """Those of ``PARTS`` that a row holds and the model was not told."""
    facts = any(one["facts"] for one in row["personas"] or () if one)
    held = {_PEOPLE: facts, "speech_event": True, **(row["common_ground"] or {})}
    return [name for name in PARTS if held.get(name) and name not in row["told"]]
