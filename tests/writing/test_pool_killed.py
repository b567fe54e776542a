"""The command with a growing pool, killed with no warning at any call: the same dataset."""

import random
import sys
from functools import partial
from itertools import pairwise

import pytest
import tomli_w

from crowdglot.engines.embedding.bundled import missing
from tests.killed import killed, undisturbed
from tests.stub_server import ABOUT_NOTHING
from tests.writing.builders import assert_same, make_opened
from tests.writing.test_pool import CHANGES, pool_of, say
from tests.writing.test_pool import without_events as without_events

_BEST_OF_FOUR = ("meaning=bundled", "choice.candidates=4", "max_attempts=4")


@pytest.mark.ci
@pytest.mark.skipif(bool(missing()), reason=missing() or "the model is here")
@pytest.mark.parametrize("trial", range(3))
def test_killed_in_every_stage_it_becomes_the_same(trial, tmp_path, without_events):
    rng = random.Random(f"pool {trial}")

    def opened(name, url="http://127.0.0.1:9/v1"):
        engine = ("engine.kind=openai", "engine.model=stub", f"engine.base_url={url}")
        more = (*CHANGES, without_events, *ABOUT_NOTHING, *_BEST_OF_FOUR, *engine)
        return make_opened(tmp_path / name, *more, "engine.concurrency=2")

    def command(name, url):
        path = tmp_path / f"{name}.toml"
        told = opened(name, url).recipe.model_dump(mode="json")
        path.write_text(tomli_w.dumps(told), "utf-8")
        return [sys.executable, "-m", "crowdglot.command.app", "synthesize", str(path)]

    calm = undisturbed(partial(command, "calm"), say)
    # A kill in each third of the calls, so in both iterations and in the dataset itself.
    third = len(calm) // 3
    kills = [rng.randrange(at * third + 1, (at + 1) * third) for at in range(3)]
    gaps = (after - before for before, after in pairwise((0, *kills)))
    assert killed(partial(command, "killed"), say, calm, gaps) == 3
    for number in (1, 2):
        assert pool_of(opened("calm"), number) == pool_of(opened("killed"), number) != ()
    assert_same(opened("killed"), opened("calm"))
