"""Disks that are full, folders that cannot be written or go away while a run writes them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.survival.bench import (
    Bench,
    Figures,
    Skipped,
    demand,
    demand_sentence,
    last_line,
    paid,
    stored,
    told,
    wait_for,
)

_ROOM, _PLENTY = 96, 1 << 15  # kilobytes
_CALLS = 8


@contextmanager
def small_disk(bench: Bench, name: str, kilobytes: int) -> Iterator[Path]:
    """A tmpfs of this size, mounted where a check has its dataset."""
    place = bench.scratch / name
    place.mkdir()
    if sys.platform != "linux" or os.geteuid() or not shutil.which("mount"):
        raise Skipped("a small disk of its own needs root on Linux")
    options = ["-o", f"size={kilobytes}k"]
    made = subprocess.run(
        ["mount", "-t", "tmpfs", *options, "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode:
        raise Skipped(f"mounting a tmpfs is not allowed here: {made.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def remount(place: Path, options: str) -> None:
    """Change a small disk: "size=…k", "ro", "rw"."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)


def full_disk(bench: Bench) -> Figures:
    """The disk fills up again and again; with more room the run goes on with what it has."""
    recipe = bench.recipe("full", 100)
    bench.undisturbed(recipe)
    folder, stops, most_lost = Path(recipe["output"]), 0, 0
    with small_disk(bench, "full", _ROOM) as disk:
        kept: set[int] = set()
        for size in (_ROOM, _ROOM * 2, _ROOM * 3, _ROOM * 4):
            remount(disk, f"size={size}k")
            seen = len(bench.server.asked)
            attempt = bench.runner.finish(recipe)
            again = kept & set(bench.server.asked[seen:])
            demand(not again, f"{len(again)} questions asked again whose answers were on the disk")
            if attempt.code == 0:
                break
            demand(attempt.code == 2, f"exit {attempt.code}: {last_line(attempt.said)}")
            demand_sentence(attempt.said, "the disk is full")
            kept, stops = stored(folder), stops + 1
            lost = len(set(bench.server.asked[seen:]) - kept)
            most_lost = max(most_lost, lost)
            demand(lost <= _CALLS, f"{lost} answers lost during {_CALLS} calls")
        demand(stops, "the disk never was full")
        remount(disk, f"size={_PLENTY}k")
        seen = len(bench.server.asked)
        bench.complete(recipe)
        demand(not kept & set(bench.server.asked[seen:]), "what was on the disk was asked again")
    return paid(bench.server, stops=stops, most_lost=most_lost)


def full_at_a_moment(bench: Bench) -> Figures:
    """The disk is full just when a shard, the metrics, the report or the card are written."""
    figures: Figures = {}
    for what in ("shard", "metrics.json", "README.md", "report.html", "withdrawals.jsonl"):
        bench.server.asked.clear()
        name = f"full-{what}"
        recipe = bench.recipe(name, 40)
        bench.undisturbed(recipe)
        folder = Path(recipe["output"])
        with small_disk(bench, name, 2048) as disk:
            attempt = bench.runner.finish(recipe, fill_before=what)
            demand(attempt.code == 2, f"{what}: exit {attempt.code}: {last_line(attempt.said)}")
            demand_sentence(attempt.said, "the disk is full")
            kept, seen = stored(folder), len(bench.server.asked)
            lost = len(set(bench.server.asked) - kept)
            demand(lost <= (_CALLS if what == "shard" else 0), f"{what}: {lost} answers lost")
            (disk / "filler").unlink()
            bench.complete(recipe)
            again = kept & set(bench.server.asked[seen:])
            demand(not again, f"{what}: {len(again)} answers on the disk were asked again")
            figures[what] = f"{bench.server.twice} paid twice"
    return figures


def full_for_the_command(bench: Bench) -> Figures:
    """The command on a full disk: one sentence and exit 2; the same again completes."""
    recipe = bench.recipe("full-command", 100)
    bench.undisturbed(recipe)
    with small_disk(bench, "full-command", _ROOM) as disk:
        process = bench.command(recipe)
        said = told(process)
        demand(process.returncode == 2, f"exit {process.returncode}: {last_line(said)}")
        sentence = demand_sentence(said, "the disk is full", "run the same command again")
        remount(disk, f"size={_PLENTY}k")
        kept, seen = stored(Path(recipe["output"])), len(bench.server.asked)
        bench.complete(recipe)
        demand(not kept & set(bench.server.asked[seen:]), "what was on the disk was asked again")
    return paid(bench.server, said=sentence.rpartition("/")[2])


def read_only(bench: Bench) -> Figures:
    """A folder that cannot be written, new or with half a dataset: one sentence, exit 2."""
    recipe = bench.recipe("read-only", 40, budget={"max_tokens_total": 1500})
    with small_disk(bench, "read-only", _PLENTY) as disk:
        remount(disk, "ro")
        process = bench.command(recipe)
        said = told(process)
        demand(process.returncode == 2, f"exit {process.returncode}: {last_line(said)}")
        demand_sentence(said, "cannot be written")
        remount(disk, "rw")
        half = bench.runner.finish(recipe)
        demand(half.code == 3, f"exit {half.code}: {last_line(half.said)}")
        remount(disk, "ro")
        seen = len(bench.server.asked)
        recipe.pop("budget")
        attempt = bench.runner.finish(recipe)
        demand(attempt.code == 2, f"exit {attempt.code}: {last_line(attempt.said)}")
        demand_sentence(attempt.said, "cannot be written")
        demand(len(bench.server.asked) == seen, "a question was asked whose answer has no place")
        remount(disk, "rw")
        bench.complete(recipe)
    return paid(bench.server)


def removed_journals(bench: Bench) -> Figures:
    """The journals are deleted while a run writes them: it stops at once and goes on later."""
    recipe = bench.recipe("no-journals", 60)
    bench.undisturbed(recipe)
    bench.server.latency = 0.05
    attempt = bench.runner.start(recipe)
    wait_for(lambda: len(bench.server.asked) > 30, attempt)
    shutil.rmtree(Path(recipe["output"]) / "journal", ignore_errors=True)
    seen = len(bench.server.asked)
    demand(attempt.wait() == 2, f"exit {attempt.code}: {last_line(attempt.said)}")
    demand_sentence(attempt.said, "was removed while the run was writing it")
    more = len(bench.server.asked) - seen
    demand(more <= 2 * _CALLS, f"{more} questions were asked after that")
    bench.server.latency = 0.005
    bench.complete(recipe)
    return paid(bench.server, asked_after=more)


def removed_folder(bench: Bench) -> Figures:
    """The command loses its output folder: one sentence, exit 2; the same again completes."""
    recipe = bench.recipe("removed", 100)
    bench.undisturbed(recipe)
    bench.server.latency = 0.1
    process = bench.command(recipe)
    wait_for(lambda: len(bench.server.asked) > 40, process)
    Path(recipe["output"]).rename(bench.scratch / "removed" / "elsewhere")
    seen = len(bench.server.asked)
    said = told(process)
    demand(process.returncode == 2, f"exit {process.returncode}: {last_line(said)}")
    sentence = demand_sentence(said)
    more = len(bench.server.asked) - seen
    demand(more <= 2 * _CALLS, f"{more} questions were asked after that")
    bench.server.latency = 0.005
    shutil.rmtree(recipe["output"], ignore_errors=True)
    (bench.scratch / "removed" / "elsewhere").rename(recipe["output"])
    bench.complete(recipe)
    return paid(bench.server, asked_after=more, said=sentence.rpartition("/")[2])


CHECKS = {
    "full disk": full_disk,
    "full disk at a moment": full_at_a_moment,
    "full disk, by the command": full_for_the_command,
    "read-only folder": read_only,
    "journals removed": removed_journals,
    "output folder removed": removed_folder,
}
