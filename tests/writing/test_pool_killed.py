"""The command with a growing pool, killed with no warning at any call: the same dataset."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter

import pytest
import tomli_w

from crowdglot.engines.embedding.bundled import missing
from tests.stub_server import ABOUT_NOTHING, serving
from tests.writing.builders import assert_same, make_opened
from tests.writing.test_pool import CHANGES, pool_of, say
from tests.writing.test_pool import without_events as without_events

_BEST_OF_FOUR = ("meaning=bundled", "choice.candidates=4", "max_attempts=4")


class _Request:
    """What a body asks, as ``say`` reads it."""

    def __init__(self, body):
        self.messages = [type("Message", (), one) for one in body["messages"]]
        self.schema = body["response_format"]["json_schema"]["schema"]
        self.seed = body["seed"]


@pytest.mark.ci
@pytest.mark.skipif(bool(missing()), reason=missing() or "the model is here")
@pytest.mark.parametrize("trial", range(3))
def test_killed_in_every_stage_it_becomes_the_same(trial, tmp_path, without_events):
    rng = random.Random(f"pool {trial}")

    def command(name, url):
        """The dataset, and the command that writes it."""
        engine = ("engine.kind=openai", "engine.model=stub", f"engine.base_url={url}")
        more = (*CHANGES, without_events, *ABOUT_NOTHING, *_BEST_OF_FOUR, *engine)
        opened = make_opened(tmp_path / name, *more, "engine.concurrency=2")
        path = tmp_path / f"{name}.toml"
        path.write_text(tomli_w.dumps(opened.recipe.model_dump(mode="json")), "utf-8")
        return opened, [sys.executable, "-m", "crowdglot.command.app", "synthesize", str(path)]

    with serving(lambda body: say(_Request(body))) as calm:
        undisturbed, asked = command("calm", calm.base_url)
        subprocess.run(asked, check=True, capture_output=True, timeout=300)
    # A kill in each third of the calls, so in both iterations and in the dataset itself.
    third = len(calm.asked) // 3
    kills = [rng.randrange(at * third + 1, (at + 1) * third) for at in range(3)]
    seen = died = 0

    def counted(body):
        nonlocal seen
        seen += 1
        if seen in kills:
            os.kill(running.pid, signal.SIGKILL)
        return say(_Request(body))

    with serving(counted, latency=0.001) as stub:
        opened, asked = command("killed", stub.base_url)
        while True:
            running = subprocess.Popen(asked, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            _, told = running.communicate(timeout=300)
            if running.returncode == 0:
                break
            assert running.returncode == -signal.SIGKILL, told
            died += 1
    assert died == 3
    for number in (1, 2):
        assert pool_of(undisturbed, number) == pool_of(opened, number) != ()
    assert_same(opened, undisturbed)
    twice = Counter(stub.asked) - Counter(calm.asked)
    assert sum(twice.values()) <= 2 * died, "only what was under way is asked for again"
