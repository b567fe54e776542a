"""``failed.jsonl``: the places of the plan that got no dialogue, each with the cause."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from crowdglot.datasets.shards import Shard, read_table
from crowdglot.datasets.storage.files import storing, write_text
from crowdglot.writing.opened import Job

FAILED = "failed.jsonl"


def write_failures(job: Job, shards: Sequence[Shard]) -> None:
    """Write one line for each place of ``shards`` that was given up; no file where none was.

    A line holds the scenario's id, its cell, how often each reason was met, and the evidence of
    the last rejection. The rejected drafts themselves lie under ``rejected/``.
    """
    lines = [json.dumps(line, ensure_ascii=False) for shard in shards for line in _of(job, shard)]
    path = job.folder / FAILED
    if lines:
        write_text(path, "\n".join(lines) + "\n")
    else:
        with storing(path):
            path.unlink(missing_ok=True)


def _of(job: Job, shard: Shard) -> Iterator[dict[str, Any]]:
    accepted = set(read_table(shard.accepted(job.folder), ["index"])["index"].to_pylist())
    if len(accepted) == shard.size:
        return
    columns = ["index", "attempt", "reason", "rejections"]
    rejected: dict[int, list[dict[str, Any]]] = {}
    for row in read_table(shard.rejected(job.folder), columns).to_pylist():
        rejected.setdefault(row["index"], []).append(row)
    plan = job.materials.plan
    for first in job.first_indices(shard):
        indices = [plan.replacement(first, n) for n in range(job.recipe.max_replacements + 1)]
        if accepted.isdisjoint(indices):
            rows = [row for index in indices for row in rejected.get(index, ())]
            last = rows[-1]["rejections"] if rows else []
            scenario = plan.scenario(first)
            yield {
                "id": scenario.id,
                "language": shard.language,
                "speech_event": scenario.event.name,
                "drafts": len(rows),
                "reasons": dict(Counter(row["reason"] for row in rows)),
                "evidence": last[0]["evidence"] if last else "",
            }
