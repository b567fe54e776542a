"""Which dialogues the page holds: all of a small dataset, an even part of a large one."""

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from crowdglot.datasets.record import draft_text
from crowdglot.datasets.report.reading import Part, read_places
from crowdglot.datasets.report.text import visible
from crowdglot.datasets.scan import batches
from crowdglot.languages.language import resolve_language

MOST_ACCEPTED, MOST_REJECTED = 2_000, 1_000
# No turn of a dialogue comes near; a model that repeats itself without end does.
_MOST_TEXT, _MOST_TURNS = 2_000, 60
_MERGED = 16  # frames that wait for being cut together
COLUMNS = (
    "id", "language", "speech_event", "common_ground", "personas", "turns", "model", "attempt",
    "calls", "reason", "verdicts",
)  # fmt: skip


def select_dialogues(
    accepted: Part, rejected: Part
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Accepted and rejected dialogues for the page, as plain values of JSON.

    At most 2,000 accepted ones, evenly over language and event, and 1,000 rejected ones, evenly
    over reason and language; within these by the rows' own seeds, so the same whenever asked.
    """
    kept = even_places(accepted, ("language", "speech_event"), MOST_ACCEPTED)
    refused = even_places(rejected, ("reason", "language"), MOST_REJECTED)
    return (
        [as_shown(row) for row in read_places(accepted, kept, COLUMNS)],
        [as_shown(row) for row in read_places(rejected, refused, COLUMNS)],
    )


def even_places(part: Part, groups: Sequence[str], most: int) -> list[int]:
    """Places of at most ``most`` rows, the groups taking turns; sorted."""
    if sum(part.heights) <= most:
        return list(range(sum(part.heights)))
    kept, first = [], 0
    for rows in batches(part.files, ["seed", *groups]):
        numbers = pl.int_range(first, first + rows.height, eager=True).alias("place")
        first += rows.height
        kept.append(_first(rows.with_columns(numbers), groups, most))
        if len(kept) == _MERGED:
            kept = [_first(pl.concat(kept), groups, most)]
    rows = _first(pl.concat(kept), groups, most)
    rows = rows.with_columns(turn=pl.int_range(pl.len()).over(list(groups)))
    chosen = rows.sort("turn", *groups, "place").head(most)
    return [int(place) for place in chosen["place"].sort()]


def _first(rows: pl.DataFrame, groups: Sequence[str], most: int) -> pl.DataFrame:
    """Of each group the rows that can be among ``most``: those with the smallest seeds."""
    return rows.sort("seed", "place").group_by(groups, maintain_order=True).head(most)


def as_shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the page's script reads it; all text made visible, long text cut."""
    ground = row["common_ground"] or {}
    names = {
        visible(persona["speaker"]): visible(persona["name"], 80)
        for persona in row["personas"] or ()
    }
    turns = row["turns"] or ()
    return {
        "id": visible(row["id"], 80),
        "language": row["language"],
        "event": row["speech_event"],
        "relation": visible(ground.get("relation"), 80).replace("_", " "),
        "premise": visible(ground.get("premise"), _MOST_TEXT),
        "names": names,
        "turns": [
            [visible(turn["speaker"], 20), visible(turn["text"], _MOST_TEXT)]
            for turn in turns[:_MOST_TURNS]
        ],
        "more": max(0, len(turns) - _MOST_TURNS),
        "draft": "" if turns else visible(draft_text(row), _MOST_TEXT),
        "model": visible(row["model"], 200),
        "attempt": row["attempt"],
        "reason": visible(row["reason"], 200),
        "evidence": list(_evidence(row["verdicts"] or ())),
    }


def _evidence(verdicts: Sequence[dict[str, str]]) -> Iterator[list[str]]:
    for told in verdicts:
        if told["reason"]:
            yield [
                visible(f"{told['critic']}.{told['reason']}", 200),
                visible(told["evidence"], _MOST_TEXT),
            ]


def languages_of(tags: Sequence[str]) -> dict[str, dict[str, str]]:
    """Name and direction of writing of each language, by tag."""
    known = {tag: resolve_language(tag) for tag in sorted(set(tags))}
    return {
        tag: {"name": language.name, "direction": language.direction}
        for tag, language in known.items()
    }
