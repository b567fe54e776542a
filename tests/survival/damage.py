"""Damaged files: found, told, and mended by writing only what is damaged anew."""

import os
import signal
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet as pq

from crowdglot.datasets.journal import Journal, encode
from crowdglot.datasets.shards import Shard, read_calls
from tests.survival.bench import (
    Bench,
    Figures,
    demand,
    demand_sentence,
    last_line,
    paid,
    stored,
    told,
    wait_for,
)


def damaged_journals(bench: Bench) -> Figures:
    """A journal cut anywhere, and one with a flipped bit: each costs the lines that are hurt."""
    recipe = bench.recipe("journals", 60)
    bench.undisturbed(recipe)
    bench.server.latency = 0.05
    folder, draws = Path(recipe["output"]), bench.draws("journals")
    attempt = bench.runner.start(recipe)
    demand(wait_for(lambda: len(_long_journals(folder)) > 1, attempt), "no two journals at once")
    os.kill(attempt.pid, signal.SIGKILL)
    attempt.wait()
    bench.server.settle()
    journals, before = _long_journals(folder), stored(folder)
    demand(len(journals) > 1, "the journals were gone before they could be damaged")
    flip(journals[0], draws)
    flip(journals[0], draws)
    size = journals[1].stat().st_size
    os.truncate(journals[1], draws.randrange(size * 9 // 10, size))
    kept = stored(folder)
    hurt = len(before - kept)
    demand(0 < hurt <= 2 * 2 + 1, f"two flipped bits and a cut cost {hurt} answers")
    seen = len(bench.server.asked)
    bench.server.latency = 0.005
    bench.complete(recipe)
    again = kept & set(bench.server.asked[seen:])
    demand(not again, f"{len(again)} readable answers were asked again")
    return paid(bench.server, answers_hurt=hurt)


def _long_journals(folder: Path) -> list[Path]:
    """The journals of some lines, the longest first."""
    sizes: list[tuple[int, Path]] = []
    for path in (folder / "journal").glob("*/*.jsonl"):
        with suppress(FileNotFoundError):  # its shard has just been written
            sizes.append((path.stat().st_size, path))
    return [path for size, path in sorted(sizes, reverse=True) if size > 2000]


def damaged_shards(bench: Bench) -> Figures:
    """A cut shard, bits flipped in accepted and rejected rows: ``--verify`` mends just those."""
    recipe = bench.recipe("shards", 60)
    bench.server.repeated = 0.02
    bench.complete(recipe)
    folder, draws = Path(recipe["output"]), bench.draws("shards")
    shards = sorted((folder / "data" / "fr").glob("*.parquet"))
    wounds = {
        "cut": (shards[0], cut),
        "flip in accepted rows": (shards[1], flip),
        "flip in rejected rows": (folder / "rejected" / "fr" / shards[2].name, flip),
        "flip in a footer": (folder / "data" / "es" / shards[0].name, flip_footer),
    }
    figures: dict[str, float | int | str] = {}
    for name, (path, wound) in wounds.items():
        most = pq.read_metadata(path).num_rows
        wound(path, draws)
        figures[name] = _mend(bench, recipe, [path], most)
    return figures


def _mend(bench: Bench, recipe: dict[str, Any], hurt: list[Path], most: int) -> int:
    """Run with ``--verify``; only ``hurt`` may be written anew, by at most so many questions."""
    folder, seen = Path(recipe["output"]), len(bench.server.asked)
    before = prints(folder)
    attempt = bench.complete(recipe, verify=True)
    for path in hurt:
        demand(f"damaged: {path}" in attempt.said, f"{path.name} was not found damaged")
        demand((folder / "damaged" / path.relative_to(folder)).exists(), "it was not kept")
    after = prints(folder)
    names = {path.stem + path.parent.name for path in hurt}
    for path, mark in before.items():
        same = path.stem + path.parent.name not in names
        demand(not same or after[path] == mark, f"{path.name} was written anew for nothing")
    asked = len(bench.server.asked) - seen
    demand(asked <= most, f"{asked} questions for {most} rows that were lost")
    return asked


def damaged_for_the_command(bench: Bench) -> Figures:
    """The command names a damaged shard in one sentence, and mends it with ``--verify``."""
    recipe = bench.recipe("verify", 60)
    bench.complete(recipe)
    folder, draws = Path(recipe["output"]), bench.draws("verify")
    accepted = sorted((folder / "data" / "es").glob("*.parquet"))
    rejected = sorted((folder / "rejected" / "es").glob("*.parquet"))
    cut(accepted[0], draws)
    flip(accepted[1], draws)
    flip(rejected[2], draws)
    (folder / "metrics.json").unlink()
    without = bench.command(recipe)
    said = told(without)
    demand(without.returncode == 2, f"exit {without.returncode} without --verify")
    demand_sentence(said, "damaged", "--verify")
    seen = len(bench.server.asked)
    process = bench.command(recipe, "--verify")
    said = told(process)
    demand(process.returncode == 0, f"exit {process.returncode}: {last_line(said)}")
    demand(said.count("damaged:") == 3, f"{said.count('damaged:')} of 3 damaged files were told")
    bench.compare(recipe)
    return paid(bench.server, asked_to_mend=len(bench.server.asked) - seen)


def half_written_shard(bench: Bench) -> Figures:
    """A crash while a shard was written: half a ``.tmp``, the journal still there."""
    recipe = bench.recipe("half", 60)
    bench.complete(recipe)
    folder = Path(recipe["output"])
    seen = len(bench.server.asked)
    shard = Shard("fr", 1, 10, 10)
    with Journal(shard.journal(folder)) as journal:
        for entry in read_calls(folder, shard):
            journal.append(encode(entry))
    accepted = Path(str(shard.accepted(folder)))
    whole = accepted.read_bytes()
    accepted.unlink()
    accepted.with_name(f".{accepted.name}.0123456789abcdef.tmp").write_bytes(
        whole[: len(whole) // 2]
    )
    bench.complete(recipe)
    demand(len(bench.server.asked) == seen, "what lay in the journal was asked again")
    return paid(bench.server)


def flip(path: Path, draws: Random) -> None:
    """Flip one bit in the middle half of a file."""
    content = bytearray(path.read_bytes())
    content[draws.randrange(len(content) // 4, len(content) * 3 // 4)] ^= 1 << draws.randrange(8)
    path.write_bytes(content)


def flip_footer(path: Path, draws: Random) -> None:
    """Flip one bit in the last eighth of a file, where Parquet keeps its schema."""
    content = bytearray(path.read_bytes())
    content[-draws.randrange(9, len(content) // 8)] ^= 1 << draws.randrange(8)
    path.write_bytes(content)


def cut(path: Path, draws: Random) -> None:
    """Cut a file anywhere."""
    os.truncate(path, draws.randrange(1, path.stat().st_size))


def prints(folder: Path) -> dict[Path, tuple[str, int]]:
    """Content and moment of every shard's file."""
    return {
        path: (blake2b(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for part in ("data", "rejected")
        for path in (folder / part).glob("*/*.parquet")
    }


CHECKS = {
    "damaged journals": damaged_journals,
    "damaged shards": damaged_shards,
    "half-written shard": half_written_shard,
    "damaged shards, by the command": damaged_for_the_command,
}
