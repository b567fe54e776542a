"""Budgets that run out, and clocks that jump."""

import os
import signal
from pathlib import Path

from tests.survival.bench import (
    Bench,
    Figures,
    demand,
    demand_calm,
    last_line,
    paid,
    rows,
    told,
    wait_for,
)


def token_budget(bench: Bench) -> Figures:
    """The command with a budget of tokens: exit 3, everything kept, and raised it completes."""
    recipe = bench.recipe("tokens", 100)
    bench.undisturbed(recipe)
    process = bench.command(recipe | {"budget": {"max_tokens_total": 150 * 40}})
    said = told(process)
    demand(process.returncode == 3, f"exit {process.returncode}: {last_line(said)}")
    demand("budget.max_tokens_total is spent" in said, last_line(said))
    demand_calm(said)
    stopped = _at_a_boundary(bench, Path(recipe["output"]))
    bench.complete(recipe | {"budget": {"max_tokens_total": 10**9}})
    demand(bench.server.twice == 0, f"{bench.server.twice} answers paid twice")
    return paid(bench.server, asked_within_budget=stopped)


def time_budget(bench: Bench) -> Figures:
    """``budget.max_wall_time`` of a run: exit 3, and run after run it completes."""
    recipe = bench.recipe("time", 60)
    bench.undisturbed(recipe)
    bench.server.latency = 0.15
    first = bench.runner.finish(recipe | {"budget": {"max_wall_time": 1.0}})
    demand(first.code == 3, f"exit {first.code}: {last_line(first.said)}")
    stopped = _at_a_boundary(bench, Path(recipe["output"]))
    bench.server.latency = 0.005
    bench.complete(recipe | {"budget": {"max_wall_time": 600.0}})
    demand(bench.server.twice == 0, f"{bench.server.twice} answers paid twice")
    return paid(bench.server, asked_within_budget=stopped)


def _at_a_boundary(bench: Bench, folder: Path) -> int:
    """Demand that every shard that was begun is written; how many questions that took."""
    left = list((folder / "journal").glob("*/*.jsonl"))
    demand(not left, f"{len(left)} shards were left half done")
    asked = len(bench.server.asked)
    kept = rows(folder, "data").height + rows(folder, "rejected").height
    demand(kept == asked, f"{asked} answers were paid for and {kept} are in the shards")
    return asked


def jumping_clock(bench: Bench) -> Figures:
    """The clock jumps by a day during a run, and is a day back when it goes on."""
    recipe = bench.recipe("clock", 60)
    _, questions = bench.undisturbed(recipe)
    bench.server.latency = 0.03
    attempt = bench.runner.start(recipe, clock=86_400.0)
    wait_for(lambda: len(bench.server.asked) > questions // 2, attempt)
    os.kill(attempt.pid, signal.SIGKILL)
    demand(attempt.wait() == -signal.SIGKILL, f"exit {attempt.code}: {last_line(attempt.said)}")
    bench.server.settle()
    bench.complete(recipe, clock=-86_400.0)
    demand(bench.server.twice <= 8, f"{bench.server.twice} answers paid twice")
    return paid(bench.server)


def jumping_clock_of_the_command(bench: Bench) -> Figures:
    """The same with Prefect, whose own process sees the clock jump back and forth."""
    recipe = bench.recipe("crooked", 60)
    bench.undisturbed(recipe)
    process = bench.command(recipe, module="tests.survival.crooked")
    said = told(process)
    demand(process.returncode == 0, f"exit {process.returncode}: {last_line(said)}")
    demand_calm(said)
    bench.compare(recipe)
    demand(bench.server.twice == 0, f"{bench.server.twice} answers paid twice")
    return paid(bench.server)


CHECKS = {
    "budget of tokens, by the command": token_budget,
    "budget of time": time_budget,
    "clock jumping back": jumping_clock,
    "clock jumping back, by the command": jumping_clock_of_the_command,
}
