"""Which dialogues are measured and shown: all of a small dataset, an even part of a large one."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from crowdglot.datasets.record import draft_text
from crowdglot.datasets.scan import batches, merged, rows_at
from crowdglot.datasets.storage.location import Location
from crowdglot.datasets.told import as_told
from crowdglot.printable import visible

# No dialogue is so long, unless a model repeats itself without end.
_MOST_TEXT, _MOST_TURNS = 2_000, 60
_SHOWN = (
    "id", "language", "speech_event", "common_ground", "personas", "told", "turns", "model",
    "attempt", "calls", "reason", "verdicts",
)  # fmt: skip


def even_positions(files: Sequence[Location], groups: Sequence[str], most: int) -> list[int]:
    """Positions (see ``scan``) of at most ``most`` rows, ascending.

    The groups take turns, and within a group the rows with the smallest seeds come first; so the
    choice is the same whenever asked.
    """
    by_seed = pl.struct("seed", "position").rank("ordinal").over(list(groups))
    rows = merged(batches(files, ("seed", *groups)), lambda rows: rows.filter(by_seed <= most))
    chosen = rows.sort(by_seed, *groups, "position").head(most)
    return chosen["position"].sort().to_list()


def read_shown(files: Sequence[Location], positions: Sequence[int]) -> list[dict[str, Any]]:
    """The rows at these positions as the page's script reads them.

    All text is made visible, and long text is cut.
    """
    return [_shown(row) for row in rows_at(files, positions, _SHOWN).iter_rows(named=True)]


def _shown(whole: dict[str, Any]) -> dict[str, Any]:
    row = as_told(whole)
    ground, turns = row["common_ground"] or {}, row["turns"] or ()
    return {
        "id": visible(row["id"], 80),
        "language": row["language"],
        "event": row["speech_event"],
        "relation": visible(ground.get("relation"), 80).replace("_", " "),
        "premise": visible(ground.get("premise"), _MOST_TEXT),
        "names": {
            visible(persona["speaker"]): visible(persona["name"], 80)
            for persona in row["personas"] or ()
        },
        "turns": [
            [visible(turn["speaker"], 20), visible(turn["text"], _MOST_TEXT)]
            for turn in turns[:_MOST_TURNS]
        ],
        "more": max(0, len(turns) - _MOST_TURNS),
        "draft": "" if turns else visible(draft_text(row), _MOST_TEXT),
        "model": visible(row["model"], 200),
        "attempt": row["attempt"],
        "reason": visible(row["reason"], 200),
        "evidence": [
            [
                visible(f"{verdict['critic']}.{verdict['reason']}", 200),
                visible(verdict["evidence"], _MOST_TEXT),
            ]
            for verdict in row["verdicts"] or ()
            if verdict["reason"]
        ],
    }
