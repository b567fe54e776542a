"""The survival suite in its short form, and what it would say of a run that does lose work."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.survival.bench import Broken, demand_sentence
from tests.survival.catalogue import CHECKS, SHORT
from tests.survival.processes import descendants, end, survivors
from tests.survival.talk import speak
from tests.survival.wounds import fill

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.server
def test_the_short_form_passes():
    command = [sys.executable, "-m", "tests.survival", "--short", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.stdout, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    wrong = [outcome for outcome in told["survival"] if outcome["verdict"] == "FAIL"]
    assert not wrong
    assert done.returncode == 0
    assert [outcome["check"] for outcome in told["survival"]] == list(SHORT)
    assert sum(outcome["verdict"] == "pass" for outcome in told["survival"]) >= len(SHORT) - 2


def test_every_short_check_is_one_of_all():
    assert set(SHORT) <= set(CHECKS)


def test_what_is_no_single_sentence_is_broken():
    assert demand_sentence("progress\ncrowdglot: the disk is full.\n", "disk")
    for said in (
        "crowdglot: a.\ncrowdglot: b.\n",
        "Traceback (most recent call last):\ncrowdglot: a disk.\n",
        "crowdglot: a disk.\nUnclosed client session\n",
        "nothing of a disk\n",
    ):
        with pytest.raises(Broken):
            demand_sentence(said, "disk")


def test_answers_depend_on_prompt_and_seed_only():
    schema = {"schema": {"required": ["A1", "B1", "A2", "B2"]}}
    body = {"messages": [{"content": "Language: French"}], "response_format": {
        "json_schema": schema}}  # fmt: skip
    said = [speak(body | {"seed": seed}) for seed in range(200)]
    assert said == [speak(body | {"seed": seed}) for seed in range(200)]
    assert len(set(said)) > 150
    assert 10 <= sum("cannot help" in one for one in said) <= 30


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_that_outlives_another_is_seen():
    code = (
        "import subprocess, sys; subprocess.Popen(['sleep', '60']); print(1, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        below = descendants(parent.pid)
        assert len(below) == 1
        parent.kill()
    assert survivors(below, 0.1) == below
    end(below)
    assert survivors(below, 5) == set()


def test_a_large_disk_is_never_filled(tmp_path):
    state = os.statvfs(tmp_path)
    if state.f_blocks * state.f_frsize <= 1 << 28:
        pytest.skip("a small disk")
    with pytest.raises(RuntimeError, match="is not filled"):
        fill(tmp_path)
    assert list(tmp_path.iterdir()) == []
