"""Each benchmark that times the product still runs, in small: nothing else calls it."""

import json
import subprocess
import sys

import pytest

SMALL = {
    "overhead": "--dialogues 32 --runs 1 --concurrency 8 16 --latencies 1",
    "growth": "--sizes 24 48 --runs 1",
    "startup": "--runs 1",
    "plan": "--runs 1",
    "browse": "--dialogues 48 --runs 1",
    "audit": "--rows 24",
    "comparing": "--size 500",
    "engine_http": "--requests 32 --rounds 1 --latency 0.001",
    "self_bleu": "--dialogues 12 --plain 2",
}


@pytest.mark.ci
@pytest.mark.server
@pytest.mark.parametrize("name", SMALL)
def test_each_benchmark_runs_in_small(name):
    asked = [sys.executable, "-m", f"benchmarks.{name}", *SMALL[name].split(), "--json"]
    told = subprocess.run(asked, capture_output=True, text=True, timeout=300)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout.splitlines()[-1])
