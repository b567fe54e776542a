"""The command, killed with no warning at any call: the same files, and no answer paid for twice."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter

import pytest

from tests.stub_server import serving
from tests.writing.personas.stopped import files
from tests.writing.personas.test_expansion import say as expanded
from tests.writing.personas.test_extraction import answer as profiled
from tests.writing.personas.test_extraction import dialogues


class _Request:
    """What a body asks, as the functions of the other tests read it."""

    def __init__(self, body):
        self.messages = [type("Message", (), one) for one in body["messages"]]
        self.schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
        self.seed = body.get("seed", 0)


def command(verb, folder, url):
    output = folder / "p.jsonl"
    wanted = ["--count", "1"] if verb == "expand" else [str(dialogues(folder, 5))]
    engine = ["engine.kind=openai", "engine.model=stub", f"engine.base_url={url}",
              "engine.concurrency=2"]  # fmt: skip
    asked = [sys.executable, "-m", "crowdglot.command.app", "personas", verb, "demo", *wanted]
    asked += ["--output", str(output), *(part for one in engine for part in ("--set", one))]
    return asked, output


@pytest.mark.ci
@pytest.mark.parametrize("trial", range(2))
@pytest.mark.parametrize(("verb", "say"), [("expand", expanded), ("extract", profiled)])
def test_killed_at_any_call_it_becomes_the_same(verb, say, trial, tmp_path):
    rng = random.Random(f"{verb} {trial}")
    for name in ("calm", "killed"):
        (tmp_path / name).mkdir()
    with serving(lambda body: say(_Request(body))) as calm:
        asked, undisturbed = command(verb, tmp_path / "calm", calm.base_url)
        subprocess.run(asked, check=True, capture_output=True, timeout=300)
    kills, left = 0, rng.randrange(1, len(calm.asked))

    def counted(body):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(running.pid, signal.SIGKILL)
        return say(_Request(body))

    with serving(counted, latency=0.001) as stub:
        asked, output = command(verb, tmp_path / "killed", stub.base_url)
        while True:
            running = subprocess.Popen(asked, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            _, told = running.communicate(timeout=300)
            if running.returncode == 0:
                break
            assert running.returncode == -signal.SIGKILL, told
            kills, left = kills + 1, rng.randrange(1, len(calm.asked))
    assert kills > 0
    assert files(output) == {
        name: text.replace("/calm/", "/killed/") for name, text in files(undisturbed).items()
    }
    twice = Counter(stub.asked) - Counter(calm.asked)
    assert sum(twice.values()) <= 2 * kills, "only what was under way is asked for again"
    assert json.loads(files(output)["p.jsonl.made.json"])["personas"] > 0
