"""What a model makes of personas, with engines of the test's own, whole or gone at any call."""

import asyncio
import random
from contextlib import contextmanager, suppress

from crowdglot.command.output.personas import print_made
from crowdglot.engines.engine import Completion
from crowdglot.errors import EngineUnavailable
from crowdglot.recipes import build_recipe
from crowdglot.writing.personas.made import calls_of


class Talker:
    """An engine that says what a function of the request says, and has a name."""

    kind, revision = "canned", "1"

    def __init__(self, say, model="canned", concurrency=4):
        self.say, self.model, self.concurrency = say, model, concurrency
        self.asked = []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        return None

    async def complete(self, request):
        await asyncio.sleep(0)
        told = self.say(request)
        self.asked.append(request.seed)
        return told if isinstance(told, Completion) else Completion(told, "stop", 10, 5, 0.01)


def recipe(*changes):
    table = {"name": "test", "languages": ["fr"], "dialogues_per_language": 1}
    return build_recipe(table, changes, "test")


@contextmanager
def answered_by(engine, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("crowdglot.writing.judging.asker.build_engine", lambda *_: engine)
        yield


def run(make, output, engine, monkeypatch):
    """What ``make`` makes of a file, and the files' texts but for the moments in the journal."""
    with answered_by(engine, monkeypatch):
        made = asyncio.run(make(output))
    print_made(output, made)
    return made, files(output)


def files(output):
    return {
        path.name: path.read_text("utf-8")
        for path in sorted(output.parent.glob(f"{output.name}*"))
        if path != calls_of(output)
    }


def stop_anywhere(make, folder, say, monkeypatch, trial, most=15):
    """Make by engines that are gone after a few answers, till it is made."""
    for name in ("calm", "stopped"):
        (folder / name).mkdir()
    undisturbed, rng, asked, runs = Talker(say), random.Random(trial), [], 0
    _, calm = run(make, folder / "calm" / "p.jsonl", undisturbed, monkeypatch)
    output, there = folder / "stopped" / "p.jsonl", None
    while there is None:
        left = iter(range(rng.randrange(1, most)))

        def dying(request, left=left):
            if next(left, None) is None:
                raise EngineUnavailable("gone.")
            return say(request)

        runs += 1
        engine = Talker(dying)
        with suppress(EngineUnavailable):
            there = run(make, output, engine, monkeypatch)[1]
        asked += engine.asked
        assert there or not output.exists(), "a file without its answers"
    assert sorted(asked) == sorted(undisturbed.asked)
    assert there == calm
    return runs
