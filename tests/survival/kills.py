"""Killed, stopped, started twice: what a run's end at any moment costs."""

import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

from tests.survival.bench import (
    Bench,
    Figures,
    demand,
    demand_calm,
    demand_sentence,
    last_line,
    paid,
    stored,
    told,
    wait_for,
)
from tests.survival.processes import descendants, end, name_of, survivors
from tests.survival.runner import Attempt

_CALLS = 16  # from so many on, a process of its own judges
_PATIENCE = 10.0
_FIRST = 9  # steps until the recipe lies in the folder


class _Ledger:
    """What every kill costs: which answers are on the disk, and which are asked again after."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self._bench, self._folder = bench, folder
        self._seen = 0
        self._kept: set[int] = set()
        self.most_lost = 0

    def kill(self, calls: int) -> None:
        """Look at the disk after a kill."""
        server, begun = self._bench.server, self._seen
        server.settle()
        self._check_asked()
        self._kept = stored(self._folder)
        # Of this run's questions: what an earlier kill has cost may not have been asked again yet.
        lost = set(server.asked[begun:]) - self._kept
        self.most_lost = max(self.most_lost, len(lost))
        demand(len(lost) <= calls, f"{len(lost)} answers lost by a kill during {calls} calls")

    def end(self) -> None:
        """Look at the disk after the last run."""
        self._check_asked()
        lost = set(self._bench.server.asked) - stored(self._folder)
        demand(not lost, f"{len(lost)} answers were paid for and are in no row")

    def _check_asked(self) -> None:
        asked = self._bench.server.asked
        again = self._kept & set(asked[self._seen :])
        demand(not again, f"{len(again)} questions asked again whose answers were on the disk")
        self._seen = len(asked)


def kill_at_random_moments(bench: Bench) -> Figures:
    """kill -9 at random moments of one dataset: while it starts, asks, judges and closes."""
    recipe = bench.recipe(
        "kills", bench.dialogues, shard_size=max(10, bench.dialogues // 40),
        engine={"concurrency": _CALLS},
    )  # fmt: skip
    bench.server.repeated = 0.005
    _, questions = bench.undisturbed(recipe)
    folder, draws = Path(recipe["output"]), bench.draws("kills")
    ledger = _Ledger(bench, folder)
    early = killed = 0
    for moment in sorted(draws.uniform(0, 1.04) for _ in range(bench.kills)):
        attempt = bench.runner.start(recipe)
        starting = draws.random() < 0.1
        if starting:
            time.sleep(draws.uniform(0, 1.5))
        else:
            _reach(bench, attempt, min(moment, 1.0) * questions, questions)
            time.sleep(draws.uniform(0, 0.05 if moment < 1 else 2.0))
        below = descendants(attempt.pid)
        early += starting
        if attempt.running():
            os.kill(attempt.pid, signal.SIGKILL)
        killed += attempt.wait() == -signal.SIGKILL
        left = survivors(below, _PATIENCE)
        names = ", ".join(map(name_of, left))
        end(left)
        demand(not left, f"left over after a kill: {names}")
        demand(attempt.code in (0, -9), f"the run failed: {last_line(attempt.said)}")
        ledger.kill(_CALLS)
    bench.complete(recipe)
    ledger.end()
    demand(killed >= 0.8 * bench.kills, f"only {killed} kills met a run: it had ended before")
    return paid(
        bench.server, kills=killed, of_them_while_starting=early, most_lost=ledger.most_lost
    )


def _reach(bench: Bench, attempt: Attempt, goal: float, most: int) -> None:
    """Wait until so many questions have been asked, and one by this attempt if any is left."""
    asked = bench.server.asked
    begun = len(asked)
    wait_for(lambda: len(set(asked)) >= goal and (goal >= most or len(asked) > begun), attempt)


def kill_the_command(bench: Bench) -> Figures:
    """kill -9 of the command itself, with Prefect and its server, and the same again."""
    recipe = bench.recipe("command", 300, engine={"concurrency": _CALLS})
    bench.server.latency = 0.05
    _, questions = bench.undisturbed(recipe)
    ledger, draws = _Ledger(bench, Path(recipe["output"])), bench.draws("command")
    names: set[str] = set()
    killed = 0
    for goal in sorted(draws.uniform(0.1, 0.9) for _ in range(bench.command_kills)):
        process = bench.command(recipe)
        wait_for(partial(_asked, bench, goal * questions), process)
        below = descendants(process.pid)
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        left = survivors(below, _PATIENCE)
        names |= set(map(name_of, left))
        end(left)
        if process.stdout:
            process.stdout.close()
        ledger.kill(_CALLS)
    process = bench.command(recipe)
    said = told(process)
    demand(process.returncode == 0, f"exit {process.returncode}: {last_line(said)}")
    demand_calm(said)
    bench.compare(recipe)
    ledger.end()
    demand(not names, f"left over after a kill: {'; '.join(sorted(names))}")
    return paid(bench.server, kills=killed, most_lost=ledger.most_lost)


def _asked(bench: Bench, count: float) -> bool:
    return len(set(bench.server.asked)) >= count


def stop_by_signal(bench: Bench) -> Figures:
    """SIGTERM to every process of the command: a clean stop, exit 130, nothing asked twice."""
    recipe = bench.recipe("sigterm", 200, engine={"concurrency": _CALLS})
    bench.server.latency = 0.1
    _, questions = bench.undisturbed(recipe)
    process = bench.command(recipe)
    wait_for(lambda: len(bench.server.asked) >= questions // 3, process)
    below = descendants(process.pid)
    os.killpg(process.pid, signal.SIGTERM)
    start = time.monotonic()
    said = told(process, 60)
    seconds = time.monotonic() - start
    demand(process.returncode == 130, f"exit {process.returncode}: {last_line(said)}")
    demand("run the same command again to go on" in said, last_line(said))
    demand_calm(said)
    left = survivors(below, _PATIENCE)
    names = ", ".join(map(name_of, left))
    end(left)
    demand(not left, f"left over after SIGTERM: {names}")
    bench.server.latency = 0.005
    bench.complete(recipe)
    demand(bench.server.twice == 0, f"{bench.server.twice} answers paid twice")
    return paid(bench.server, seconds_to_stop=round(seconds, 1))


def two_at_once(bench: Bench) -> Figures:
    """Two commands on one dataset: one refuses in one sentence, the other completes."""
    recipe = bench.recipe("twins", 120)
    bench.undisturbed(recipe)
    bench.server.latency = 0.1
    twins = [bench.command(recipe) for _ in range(2)]
    said = [told(twin) for twin in twins]
    codes = [twin.returncode for twin in twins]
    demand(sorted(codes) == [0, 2], f"exit codes {codes}: {[last_line(one) for one in said]}")
    demand_sentence(said[codes.index(2)], "another process is writing this dataset")
    bench.compare(recipe)
    demand(bench.server.twice == 0, f"{bench.server.twice} answers paid twice")
    return paid(bench.server)


def second_while_first_writes(bench: Bench) -> Figures:
    """A second command while a run is writing: refused at once, the first is not disturbed."""
    recipe = bench.recipe("second", 60)
    bench.undisturbed(recipe)
    bench.server.latency = 0.6
    attempt = bench.runner.start(recipe)
    wait_for(lambda: len(bench.server.asked) > 4, attempt)
    process = bench.command(recipe)
    said = told(process)
    demand(process.returncode == 2, f"exit {process.returncode}: {last_line(said)}")
    demand_sentence(said, "another process is writing this dataset")
    demand(attempt.running(), "the first run had ended before the second was refused")
    bench.server.latency = 0.005
    demand(attempt.wait() == 0, f"the first run failed: {last_line(attempt.said)}")
    bench.compare(recipe)
    demand(bench.server.twice == 0, f"{bench.server.twice} answers paid twice")
    return paid(bench.server)


def die_at_every_step(bench: Bench) -> Figures:
    """SIGKILL just before each step that a run does to the disk, and in the middle of a write."""
    return _die_at_every_step(bench, "steps", bench.steps)


def die_at_every_step_of_three_calls(bench: Bench) -> Figures:
    """The same where a draft takes three calls, each of which knows the answers before it."""
    return _die_at_every_step(bench, "calls", 2 * bench.steps, way="three_calls")


def _die_at_every_step(bench: Bench, name: str, most: int, **more: Any) -> Figures:
    changes: dict[str, Any] = {"shard_size": 3, "engine": {"concurrency": 2}, **more}
    bench.server.repeated = 0.3
    recipe = bench.recipe(f"{name}-0", 12, **changes)
    _, questions = bench.undisturbed(recipe)
    counted = bench.runner.finish(bench.recipe(f"{name}-count", 12, **changes), count_steps=True)
    steps = int(counted.said.rpartition("steps ")[2].split()[0])
    # All steps of the beginning, where a folder is not yet one of ours.
    chosen = {*range(_FIRST), *range(_FIRST, steps, max(1, steps // most))}
    twice = beyond = 0
    for step in sorted(chosen):
        recipe = bench.recipe(f"{name}-{step}", 12, **changes)
        bench.server.asked.clear()
        attempt = bench.runner.finish(recipe, die_at=step)
        if attempt.code == 0 and step > steps * 3 // 4:
            # A journal is synced by the clock, so a run of a faster moment has fewer steps.
            beyond += 1
            bench.compare(recipe)
            continue
        demand(attempt.code == -signal.SIGKILL, f"step {step}: {last_line(attempt.said)}")
        again = bench.runner.finish(recipe)
        demand(again.code == 0, f"after a kill at step {step}: {last_line(again.said)}")
        bench.compare(recipe)
        lost = bench.server.twice
        demand(lost <= 2, f"step {step}: {lost} answers paid twice")
        twice += lost
    demand(beyond <= len(chosen) // 10, f"{beyond} of {len(chosen)} steps were never reached")
    kills = len(chosen) - beyond
    return {"steps": steps, "kills": kills, "questions_each": questions, "paid_twice": twice}


CHECKS = {
    "kill -9 at random moments": kill_at_random_moments,
    "kill -9 before every step on the disk": die_at_every_step,
    "kill -9 before every step of three calls": die_at_every_step_of_three_calls,
    "kill -9 of the command": kill_the_command,
    "SIGTERM": stop_by_signal,
    "two commands at once": two_at_once,
    "a second command later": second_while_first_writes,
}
