"""The command, killed with no warning at any call: the same files, and no answer paid for twice."""

import json
import random
import sys

import pytest

from tests.killed import killed, undisturbed
from tests.writing.personas.stopped import files
from tests.writing.personas.test_expansion import say as expanded
from tests.writing.personas.test_extraction import answer as profiled
from tests.writing.personas.test_extraction import dialogues


def command(verb, folder, url):
    output = folder / "p.jsonl"
    wanted = ["--count", "1"] if verb == "expand" else [str(dialogues(folder, 5))]
    engine = ["engine.kind=openai", "engine.model=stub", f"engine.base_url={url}",
              "engine.concurrency=2"]  # fmt: skip
    asked = [sys.executable, "-m", "crowdglot.command.app", "personas", verb, "demo", *wanted]
    asked += ["--output", str(output), *(part for one in engine for part in ("--set", one))]
    return asked


@pytest.mark.ci
@pytest.mark.parametrize("trial", range(2))
@pytest.mark.parametrize(("verb", "say"), [("expand", expanded), ("extract", profiled)])
def test_killed_at_any_call_it_becomes_the_same(verb, say, trial, tmp_path):
    rng = random.Random(f"{verb} {trial}")
    for name in ("calm", "killed"):
        (tmp_path / name).mkdir()
    calm = undisturbed(lambda url: command(verb, tmp_path / "calm", url), say)
    gaps = iter(lambda: rng.randrange(1, len(calm)), 0)
    assert killed(lambda url: command(verb, tmp_path / "killed", url), say, calm, gaps) > 0
    there = files(tmp_path / "killed" / "p.jsonl")
    assert there == {
        name: text.replace("/calm/", "/killed/")
        for name, text in files(tmp_path / "calm" / "p.jsonl").items()
    }
    assert json.loads(there["p.jsonl.made.json"])["personas"] > 0
