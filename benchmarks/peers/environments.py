"""Each peer in an environment of its own, with pinned packages, and nobody to talk to but a stub.

The pins are ``NAME.txt`` beside this file, made from ``NAME.in`` as those of ``requirements/`` are.
"""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.stub import Stub

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

# No telemetry, no hub, no list of prices.
QUIET = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TELEMETRY_ENABLED": "false",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}


@dataclass(frozen=True)
class Peer:
    """A tool: the ``name`` of its pins and its script; ``resumable`` as its script is given it."""

    name: str
    resumable: bool = False

    def __str__(self) -> str:
        first = re.search(r"^[\w-]+==\S+", (HERE / f"{self.name}.in").read_text(), re.MULTILINE)
        assert first is not None
        return first[0].replace("==", " ") + (", checkpoints" if self.resumable else "")


PEERS = (Peer("datatrove"), Peer("datatrove", resumable=True), Peer("curator"))


@dataclass(frozen=True)
class Outcome:
    """Seconds: ``asking`` from the first question to the end of the work, ``wall`` of the process,
    ``cpu`` of the processor for the work (that of the imports left out)."""

    asking: float
    wall: float
    cpu: float


def make(peer: Peer, folder: Path) -> Path:
    """The Python of the peer's environment under ``folder``; made anew when its pins changed."""
    pins = HERE / f"{peer.name}.txt"
    home = folder.absolute() / peer.name
    python, done = home / "bin/python", home / "pins.txt"
    if not done.exists() or done.read_text() != pins.read_text():
        print(f"Installing {peer} into {home} …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        pinned = ["--no-deps", "--require-hashes", "-r", str(pins)]
        subprocess.run([python, *install, *pinned], check=True)
        done.write_text(pins.read_text())
    return python


def run(
    peer: Peer, python: Path, stub: Stub, questions: Path, scratch: Path, concurrency: int
) -> Outcome:
    """Have ``peer`` ask the stub all of ``questions`` and store the answers under ``scratch``."""
    (scratch / "work").mkdir(parents=True)
    script = f"benchmarks.peers.{peer.name}_peer"
    where: list[str | Path] = [stub.base_url, questions, scratch / "work", str(concurrency)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(scratch), "PYTHONPATH": str(ROOT)}
    start = time.monotonic()
    with (
        (scratch / "log").open("w+") as log,
        subprocess.Popen(
            [python, "-m", script, *where, *(["resumable"] * peer.resumable)],
            cwd=scratch, env=environment | QUIET, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        ) as process,
    ):  # fmt: skip
        assert process.stdout is not None
        while process.stdout.readline() not in ("ready\n", ""):
            pass
        stub.told()
        said, _ = process.communicate("\n")
        wall = time.monotonic() - start
        if process.returncode:
            log.seek(0)
            raise RuntimeError(f"{peer} ended with {process.returncode}: {log.read()[-3000:]}")
    told, says = stub.told(), json.loads(said.splitlines()[-1])
    wanted = questions.read_bytes().count(b"\n")
    if not says["stored"] == told["asked"] == wanted:
        raise RuntimeError(f"{peer}: {told['asked']} asked, {says['stored']} stored of {wanted}.")
    return Outcome(says["end"] - told["first"], wall, says["cpu"])
