"""How fast drafts are validated on one core, and what takes the time.

``python -m benchmarks.validation [--json] [--data DIR]``: DIR holds XPersona files. Human turns of
its languages are written as drafts of dialogues of 8 turns, then taken the whole way that needs no
model: parsed, judged by every critic, cut into shingles and looked up among all before, made a row,
written to Parquet shards. The stages are timed in one run, in seconds of the processor; each turn
is seen once, so no cache of texts helps.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from critics import CRITICS
from dialogues.draft import parse
from dialogues.prompt import turn_keys
from dialogues.readers import read_file
from engines.engine import Completion
from flows.job import Job, open_job
from flows.recipe import build_recipe
from outputs.duplicates.index import Index
from outputs.duplicates.shingles import shingles
from outputs.record import Entry, to_row
from outputs.shards import Shard, write_shard

# The files of XPersona begin with the name of their language.
TAGS = {"En": "en", "Fr": "fr", "Id": "id", "It": "it", "Jp": "ja", "Ko": "ko", "Zh": "zh"}
TURNS = 8
SHARD = 200


def read_turns(folder: Path) -> dict[str, list[str]]:
    """All human turns of each language, in the order of the files."""
    turns: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.json")):
        if tag := TAGS.get(path.name[:2]):
            turns[tag] = [turn.text for shown in read_file(path) for turn in shown.turns]
    return turns


def open_benchmark(tags: list[str]) -> Job:
    """A job for these languages with the usual thresholds."""
    table = {
        "name": "validation",
        "languages": tags,
        "dialogues_per_language": 1_000_000,
        "turns": [TURNS, TURNS],
    }
    return open_job(build_recipe(table, (), "benchmark"))


def drafts(job: Job, turns: dict[str, list[str]], count: int) -> Iterator[Entry]:
    """Up to ``count`` drafts, languages in turn, until the human turns of each are used up."""
    tags = list(job.recipe.languages)
    longest = max(map(len, turns.values())) // TURNS
    indices = (
        index
        for index in range(longest * len(tags))
        if (index // len(tags) + 1) * TURNS <= len(turns[tags[index % len(tags)]])
    )
    for index in islice(indices, count):
        start = index // len(tags) * TURNS
        human = turns[tags[index % len(tags)]][start : start + TURNS]
        keys = turn_keys(job.materials.plan.scenario(index).order)
        text = json.dumps(dict(zip(keys, human, strict=True)), ensure_ascii=False)
        completion = Completion(text, "stop", 900, 300, 1.0)
        yield Entry(index, 0, index, "scripted", "human", "1", completion, 0.0)


class Clock:
    """Seconds of this process's processor by stage."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._last = time.process_time()

    def start(self) -> None:
        """Forget the time since the last call."""
        self._last = time.process_time()

    def charge(self, stage: str) -> None:
        """Charge the time since the last call to ``stage``."""
        now = time.process_time()
        self.seconds[stage] += now - self._last
        self._last = now


def validate(
    job: Job, turns: dict[str, list[str]], count: int, most_seconds: float
) -> tuple[Clock, Counter[str]]:
    """Validate up to ``count`` drafts; the seconds by stage, and the reasons of rejection."""
    clock, reasons = Clock(), Counter[str]()
    # One index for all languages, so that it outgrows its memory as that of a large language does.
    kept: list[list[frozenset[str]]] = []
    settings = job.recipe.duplicates
    index = Index(settings.least_similarity, settings.least_repeated_turns, kept.__getitem__)
    stop = time.monotonic() + most_seconds
    rows: list[dict[str, object]] = []
    shard = 0
    with index, tempfile.TemporaryDirectory() as folder:
        for entry in drafts(job, turns, count):
            scenario = job.materials.plan.scenario(entry.index)
            shown = job.demonstrations(scenario)
            clock.start()
            dialogue = parse(entry.completion.text, scenario, shown)
            clock.charge("parse")
            verdicts = []
            for name, critic in zip(CRITICS, job.critics, strict=True):
                verdicts.append(critic.judge(dialogue))
                clock.charge(f"critics.{name}")
            pieces = [shingles(turn.text, scenario.language.script) for turn in dialogue.turns]
            clock.charge("shingling")
            kept.append(pieces)
            match = index.put(len(kept) - 1, pieces)
            clock.charge("lookup")
            if match:
                reasons[f"duplicates.{match.reason}"] += 1
            reasons.update(f"{v.critic}.{v.reason}" for v in verdicts if v.reason)
            keep = not match and all(verdict.passed for verdict in verdicts)
            reasons["all"] += 1
            reasons["accepted"] += keep
            rows.append(to_row(entry, dialogue, job.sampling, verdicts, keep=keep))
            clock.charge("row")
            if len(rows) == SHARD:
                good = [row for row in rows if not row["reason"]]
                bad = [row for row in rows if row["reason"]]
                write_shard(
                    Path(folder), Shard("xx", shard, 99_999, 0, SHARD), good, bad, complete=True
                )
                rows, shard = [], shard + 1
                clock.charge("parquet")
            if time.monotonic() > stop:
                break
    return clock, reasons


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/xpersona"))
    parser.add_argument("--dialogues", type=int, default=4200)
    parser.add_argument("--seconds", type=float, default=40.0, help="stop after this long")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    turns = read_turns(arguments.data)
    if not turns:
        parser.exit(2, f"{arguments.data}: no XPersona files here; say where with --data DIR.\n")
    job = open_benchmark(list(turns))
    # Models and packs are loaded once in a run of any length.
    validate(job, turns, 2 * len(turns), 10.0)
    clock, reasons = validate(job, turns, arguments.dialogues, arguments.seconds)
    total = sum(clock.seconds.values())
    count = reasons.pop("all")
    table = Table(title=f"{count / total:.0f} dialogues of {TURNS} turns per second and core")
    for column in ("stage", "share", "µs a dialogue"):
        table.add_column(column, justify="left" if column == "stage" else "right")
    for stage, seconds in clock.seconds.most_common():
        table.add_row(stage, f"{seconds / total:.1%}", f"{seconds / count * 1e6:.0f}")
    Console().print(table)
    accepted = reasons.pop("accepted")
    told = ", ".join(f"{name} {times}" for name, times in reasons.most_common(6))
    Console().print(f"{count} drafts of human turns in {', '.join(turns)}; {accepted} accepted")
    Console().print(f"most frequent reasons: {told or 'none'}")
    if arguments.json:
        share = {stage: round(s / total, 4) for stage, s in clock.seconds.most_common()}
        print(json.dumps({"dialogues_per_second": round(count / total, 1), "share": share}))


if __name__ == "__main__":
    main()
