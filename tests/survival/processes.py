"""The processes below one, and whether they end when it is killed. Linux only: it reads /proc."""

import os
import signal
import time
from pathlib import Path

Process = tuple[int, str]  # its number, and when it began (numbers are used again)


def descendants(pid: int) -> set[Process]:
    """All processes below ``pid``."""
    below: dict[int, list[Process]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        if (state := _state(int(path.name))) and state[0] != "Z":
            below.setdefault(int(state[1]), []).append((int(path.name), state[19]))
    found: set[Process] = set()
    waiting = [pid]
    while waiting:
        for process in below.get(waiting.pop(), ()):
            found.add(process)
            waiting.append(process[0])
    return found


def survivors(processes: set[Process], seconds: float) -> set[Process]:
    """Which of ``processes`` are still there after at most so long."""
    end = time.monotonic() + seconds
    while (left := set(filter(_alive, processes))) and time.monotonic() < end:
        time.sleep(0.02)
    return left


def name_of(process: Process) -> str:
    """Its command line."""
    try:
        return Path(f"/proc/{process[0]}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:120]
    except OSError:
        return "?"


def end(processes: set[Process]) -> None:
    """End what a check of ours has left behind."""
    for process in filter(_alive, processes):
        os.kill(process[0], signal.SIGKILL)


def _alive(process: Process) -> bool:
    state = _state(process[0])
    return bool(state) and state[0] != "Z" and state[19] == process[1]


def _state(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name: state, parent … start (the 20th)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
