"""What is done to a run from within: die at a step, meet a full disk, see the clock jump back."""

import itertools
import os
import signal
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any


def inflict(
    folder: str,
    *,
    verify: bool = False,
    die_at: int = -1,
    count_steps: bool = False,
    fill_before: str = "",
    clock: float = 0.0,
) -> None:
    """Prepare this process. ``folder``: the dataset's.

    ``die_at``: kill it with SIGKILL just before this step of what it does to the folder (and a
    write in its middle); ``count_steps``: print at the end how many there are. ``fill_before``:
    "shard" or a file's name: leave no room on the folder's disk just before that is written.
    ``clock``: seconds by which the clock jumps, again and again.
    """
    del verify  # for the runner
    if die_at >= 0 or count_steps:
        _count_steps(folder, die_at)
    if fill_before:
        _fill_before(fill_before, Path(folder).parent)
    if clock:
        jump(clock)


def jump(seconds: float) -> None:
    """Let ``time.time`` jump by ``seconds`` and back, every few calls."""
    clock, calls = time.time, itertools.count()
    time.time = lambda: clock() + (seconds if next(calls) // 5 % 2 else 0.0)


def _count_steps(folder: str, die_at: int) -> None:
    steps = itertools.count()
    write = os.write

    def step(half: Callable[[], object] | None = None) -> None:
        if next(steps) == die_at:
            if half is not None:
                half()
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(handle: int, content: Any) -> int:
        if handle > 2:
            step(lambda: write(handle, bytes(content)[: len(content) // 2]))
        return write(handle, content)

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writing = (flags or 0) & (os.O_WRONLY | os.O_RDWR) or set(str(mode)) & set("wa+")
            relevant = writing and str(path).startswith(folder)
        elif event in ("os.rename", "os.remove", "os.mkdir"):
            relevant = str(arguments[0]).startswith(folder)
        else:
            relevant = event == "os.truncate"
        if relevant:
            step()

    def fsync(handle: int, fsync: Callable[[int], None] = os.fsync) -> None:
        step()
        fsync(handle)

    os.write, os.fsync = watched, fsync  # type: ignore[assignment]
    sys.addaudithook(audit)
    if die_at < 0:
        leave = os._exit

        def told(code: int) -> None:
            sys.stdout.flush()
            write(1, b"steps %d\n" % next(steps))
            leave(code)

        os._exit = told  # type: ignore[assignment]


def _fill_before(what: str, disk: Path) -> None:
    if what == "shard":
        shard: Any = import_module("crowdglot.writing.shards.filling")
        write = shard.write_shard

        def full(*arguments: Any) -> None:
            fill(disk)
            write(*arguments)

        shard.write_shard = full
        return

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and f"/.{what}." in str(arguments[0]):
            fill(disk)

    sys.addaudithook(audit)


def fill(disk: Path) -> None:
    """Take all room that is left, with a file beside the dataset; only ever on a small tmpfs."""
    state = os.statvfs(disk)
    if state.f_blocks * state.f_frsize > 1 << 28:
        raise RuntimeError(f"{disk} is no small disk; it is not filled")
    with (disk / "filler").open("ab", buffering=0) as file:
        block = bytes(4096)
        try:
            while True:
                file.write(block)
        except OSError:
            return
