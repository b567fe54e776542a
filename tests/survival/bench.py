"""What the checks share: a server, a runner, scratch folders, the command, and how to compare."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import tomli_w

from crowdglot.datasets.journal import decode
from tests.survival.runner import Attempt, Runner
from tests.survival.server import Server

Figures = dict[str, float | int | str]
Check = Callable[["Bench"], Figures]
# Between two runs these may differ.
_CHANGING = ("created_at", "seconds")


class Broken(Exception):
    """A check failed; the message says how."""


class Skipped(Exception):
    """A check cannot be made here; the message says why."""


def demand(condition: object, otherwise: str) -> None:
    """Raise Broken unless ``condition`` holds."""
    if not condition:
        raise Broken(otherwise)


@dataclass(slots=True)
class Bench:
    """One suite's equipment. ``kills``, ``command_kills``, ``dialogues``, ``steps``: how much."""

    scratch: Path
    server: Server
    runner: Runner
    seed: int = 0
    kills: int = 50
    command_kills: int = 3
    dialogues: int = 2000
    steps: int = 60
    environment: dict[str, str] = field(default_factory=dict)
    _undisturbed: dict[str, tuple[dict[str, Any], int]] = field(default_factory=dict)

    def draws(self, name: str) -> Random:
        """Random numbers of one check."""
        return Random(f"{self.seed} {name}")

    def recipe(self, name: str, dialogues: int = 60, **changes: Any) -> dict[str, Any]:
        """A recipe of so many dialogues in two languages, in a folder of its own."""
        engine = {
            "kind": "openai",
            "model": "stub",
            "base_url": self.server.base_url,
            "concurrency": 8,
            **changes.pop("engine", {}),
        }
        folder = self.scratch / name / "dataset"
        return {
            "name": "survival",
            "languages": ["fr", "es"],
            "dialogues_per_language": dialogues // 2,
            "turns": [4, 6],
            "shard_size": 10,
            "max_attempts": 2,
            "output": str(folder),
            "engine": engine,
            "duplicates": {"rounds": 3, "least_repeated_turns": 1.0},
            **changes,
        }

    def undisturbed(self, recipe: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """What ``recipe`` makes if nothing happens (see ``content``), and how many questions."""
        free = {"output", "engine", "budget"}
        parts = {key: value for key, value in recipe.items() if key not in free}
        name = json.dumps([parts, self.server.repeated])
        if name not in self._undisturbed:
            folder = self.scratch / f"undisturbed-{len(self._undisturbed)}"
            mood, before = self.server.mood, (self.server.asked, self.server.times)
            latency, repeated = self.server.latency, self.server.repeated
            self.server.clear()
            self.server.repeated = repeated
            calm = {key: value for key, value in recipe.items() if key != "budget"}
            engine = recipe["engine"] | {"base_url": self.server.base_url}
            attempt = self.runner.finish(calm | {"output": str(folder), "engine": engine})
            demand(attempt.code == 0, f"an undisturbed run failed: {attempt.said}")
            self._undisturbed[name] = (content(folder), len(self.server.asked))
            self.server.mood, self.server.latency = mood, latency
            self.server.asked, self.server.times = before
        return self._undisturbed[name]

    def compare(self, recipe: dict[str, Any]) -> None:
        """Demand that the dataset is as an undisturbed run makes it."""
        expected, _ = self.undisturbed(recipe)
        found = content(Path(recipe["output"]))
        for name in expected:
            demand(name in found, f"{name} is missing")
            same = found[name] == expected[name] if isinstance(expected[name], (str, list)) else (
                found[name].equals(expected[name])
            )  # fmt: skip
            demand(same, f"{name} differs from that of an undisturbed run")
        strays = [path.name for path in Path(recipe["output"]).rglob("*.tmp")]
        demand(not strays, f"left behind: {strays}")

    def complete(self, recipe: dict[str, Any], **wound: Any) -> Attempt:
        """Run ``recipe`` to the end and compare."""
        attempt = self.runner.finish(recipe, **wound)
        demand(attempt.code == 0, f"the run ended with {attempt.code}: {last_line(attempt.said)}")
        self.compare(recipe)
        return attempt

    def command(
        self, recipe: dict[str, Any], *options: str, module: str = "crowdglot.command.app"
    ) -> subprocess.Popen[bytes]:
        """Start ``crowdglot synthesize`` of ``recipe``, in a group of processes of its own."""
        path = Path(recipe["output"]).parent.parent / f"{Path(recipe['output']).parent.name}.toml"
        path = self.scratch / path.name
        path.write_text(tomli_w.dumps(recipe), "utf-8")
        command = [sys.executable, "-m", module, "synthesize", str(path), *options]
        return subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip


def told(process: subprocess.Popen[bytes], seconds: float = 150.0) -> str:
    """What a command said, once it has ended; Broken if it does not end."""
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise Broken(f"the command did not end within {seconds:g} s") from None
    return said.decode("utf-8", "replace")


def wait_for(condition: Callable[[], bool], attempt: Attempt | subprocess.Popen[bytes]) -> bool:
    """Wait, as long as the run goes on; whether ``condition`` came."""
    ended = time.monotonic() + 180
    while time.monotonic() < ended:
        if condition():
            return True
        over = not attempt.running() if isinstance(attempt, Attempt) else attempt.poll() is not None
        if over:
            return condition()
        time.sleep(0.003)
    raise Broken("the run did not come so far within 180 s")


def demand_sentence(said: str, *words: str) -> str:
    """Demand one sentence of ours, with ``words`` and without a traceback; return it."""
    told = [line for line in said.splitlines() if line.startswith("crowdglot: ")]
    demand_calm(said)
    demand(len(told) == 1, f"{len(told)} sentences instead of one: {said[-300:]}")
    behind = said.split(told[0], 1)[1].strip()
    demand(not behind, f"something is said behind the sentence: {behind[:200]}")
    for word in words:
        demand(word in told[0], f"'{word}' is not in: {told[0]}")
    return told[0]


def demand_calm(said: str) -> None:
    """Demand that there is no traceback; the failure shows where it came from."""
    trace = said.partition("Traceback")[2].strip()
    lines = [line.strip() for line in trace.splitlines()]
    demand(not trace, f"a traceback: {' | '.join(lines)[:200]} … {' | '.join(lines)[-500:]}")


def last_line(said: str) -> str:
    """The last line that says something."""
    return (said.strip().splitlines() or ["(nothing)"])[-1][:300]


def content(folder: Path) -> dict[str, Any]:
    """A dataset without the moments at which it was made: rows, metrics, failures, card."""
    found: dict[str, Any] = {part: rows(folder, part) for part in ("data", "rejected")}
    for part in ("data", "rejected", "journal"):
        found[f"files of {part}"] = sorted(
            str(path.relative_to(folder)) for path in (folder / part).glob("*/*")
        )
    for name in ("metrics.json", "README.md", "failed.jsonl", "withdrawals.jsonl"):
        path = folder / name
        found[name] = path.read_text("utf-8") if path.exists() else ""
    return found


def rows(folder: Path, part: str) -> pl.DataFrame:
    """All rows of a part, in the order of the plan."""
    files = sorted((folder / part).glob("*/*.parquet"))
    frames = [pl.read_parquet(file) for file in files]
    if not frames:
        return pl.DataFrame()
    whole = pl.concat(frames)
    calls = [
        [{name: call[name] for name in call if name not in _CHANGING} for call in row]
        for row in whole["calls"].to_list()
    ]
    kept = whole.drop("calls", *_CHANGING).with_columns(calls=pl.Series(calls, strict=False))
    return kept.sort("language", "index", "attempt")


def stored(folder: Path) -> set[int]:
    """The seeds of all completions that are on the disk, in shards and journals."""
    seeds: set[int] = set()
    for part in ("data", "rejected"):
        for path in (folder / part).glob("*/*.parquet"):
            for calls in pl.read_parquet(path, columns=["calls"])["calls"].to_list():
                seeds |= {call["seed"] for call in calls}
    for path in (folder / "journal").glob("*/*.jsonl"):
        for line in path.read_bytes().splitlines(keepends=True):
            if call := decode(line):
                seeds.add(call.seed)
    return seeds


def paid(server: Server, **more: float | int | str) -> Figures:
    """The figures of a run for the report."""
    return {"asked": len(server.asked), "paid_twice": server.twice, **more}
