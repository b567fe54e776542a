"""``failed.jsonl``: the scenarios of the plan that got no dialogue, each with the cause."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from crowdglot.datasets.shards import Shard
from crowdglot.datasets.storage.files import storing, write_text
from crowdglot.datasets.tables import read_table
from crowdglot.writing.opened import OpenedRecipe

FAILED = "failed.jsonl"


def write_failures(opened: OpenedRecipe, shards: Sequence[Shard]) -> None:
    """Write one line for each scenario of ``shards`` that was given up; no file where none was.

    A line holds the scenario's id, its cell, how often each reason was met, and the evidence of
    the last rejection. The rejected drafts themselves lie under ``rejected/``.
    """
    lines = [
        json.dumps(line, ensure_ascii=False) for shard in shards for line in _of(opened, shard)
    ]
    path = opened.folder / FAILED
    if lines:
        write_text(path, "\n".join(lines) + "\n")
    else:
        with storing(path):
            path.unlink(missing_ok=True)


def _of(opened: OpenedRecipe, shard: Shard) -> Iterator[dict[str, Any]]:
    accepted = set(read_table(shard.accepted(opened.folder), ["index"])["index"].to_pylist())
    if len(accepted) == shard.size:
        return
    columns = ["index", "attempt", "reason", "verdicts"]
    rejected: dict[int, list[dict[str, Any]]] = {}
    for row in read_table(shard.rejected(opened.folder), columns).to_pylist():
        rejected.setdefault(row["index"], []).append(row)
    plan = opened.plan
    for first in opened.first_indices(shard):
        indices = [plan.replacement(first, n) for n in range(opened.recipe.max_replacements + 1)]
        if accepted.isdisjoint(indices):
            rows = [row for index in indices for row in rejected.get(index, ())]
            verdicts = rows[-1]["verdicts"] if rows else []
            last = next((one for one in verdicts if one["reason"]), None)
            scenario = plan.scenario(first)
            yield {
                "id": scenario.id,
                "language": shard.language,
                "speech_event": scenario.event.name,
                "drafts": len(rows),
                "reasons": dict(Counter(row["reason"] for row in rows)),
                "evidence": last["evidence"] if last else "",
            }
