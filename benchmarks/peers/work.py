"""What a peer's script is given and what it says: standard library only, for any environment.

A script is run in the peer's environment as ``python -m benchmarks.peers.NAME BASE_URL QUESTIONS
FOLDER CONCURRENCY [resumable]``: QUESTIONS is a JSON-lines file, one body of a chat completion
without ``model`` a line; FOLDER is empty and the peer's. It says "ready" and waits for a line on
its input, so that what a tool asks a server beforehand is not taken for its work; its last line is
one JSON object.
"""

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Work:
    """``base_url`` ends in ``/v1``; at most ``concurrency`` questions at one time.

    ``resumable``: a tool that can do without has to keep what a killed run was answered.
    """

    base_url: str
    questions: Path
    folder: Path
    concurrency: int
    resumable: bool


def given() -> Work:
    """The work named by the command line."""
    base_url, questions, folder, concurrency, *options = sys.argv[1:]
    return Work(base_url, Path(questions), Path(folder), int(concurrency), "resumable" in options)


def processor_seconds() -> float:
    """Of this process and of the children it has waited for."""
    return sum(os.times()[:4])


def begin() -> float:
    """Wait for leave to ask. The processor's seconds until then, for ``finish``."""
    print("ready", flush=True)
    sys.stdin.readline()
    return processor_seconds()


def finish(begun: float) -> dict[str, float]:
    """To be called once the answers are on the disk.

    ``end``: seconds of the monotonic clock; ``cpu``: the processor's seconds since ``begin``.
    """
    return {"end": time.monotonic(), "cpu": processor_seconds() - begun}


def tell(finished: dict[str, float], stored: int) -> None:
    """Say how it went, and how many answers were found in what the tool stored."""
    print(json.dumps(finished | {"stored": stored}), flush=True)
