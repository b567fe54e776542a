"""Runs of the pipeline without Prefect, each a process that can be killed: fork, write, end.

Importing everything takes seconds, and fifty kills want fifty starts; so one process imports and
forks a child for every attempt. A child calls ``write_dataset``, as the flow
does; its judging process is started anew each time. (Runs with Prefect are
killed too, see ``kills.kill_the_command``.)
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crowdglot.errors import CrowdglotError


@dataclass(slots=True)
class Attempt:
    """A run under way in a process of its own. ``log``: what it printed."""

    pid: int
    log: Path
    runner: "Runner"
    code: int | None = None

    def running(self) -> bool:
        """Whether it has not ended."""
        return self.code is None and not self.runner.ready_to_read(self)

    def wait(self) -> int:
        """Its exit code; minus the signal's number if one ended it."""
        if self.code is None:
            self.code = self.runner.read()
        return self.code

    @property
    def said(self) -> str:
        """What it printed."""
        return self.log.read_text("utf-8", "replace")


class Runner:
    """The process that forks, one attempt at a time."""

    def __init__(self, process: subprocess.Popen[str], scratch: Path) -> None:
        self._process = process
        self._scratch = scratch
        self._count = 0

    def start(self, recipe: dict[str, Any], **wound: Any) -> Attempt:
        """Begin a run of ``recipe``; ``wound``: see ``wounds``."""
        self._count += 1
        log = self._scratch / f"attempt-{self._count}.log"
        self._write({"recipe": recipe, "wound": wound, "log": str(log)})
        return Attempt(self.read(), log, self)

    def finish(self, recipe: dict[str, Any], **wound: Any) -> Attempt:
        """Begin a run and wait for its end."""
        attempt = self.start(recipe, **wound)
        attempt.wait()
        return attempt

    def read(self) -> int:
        """The next number that the process tells."""
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def ready_to_read(self, attempt: Attempt) -> bool:
        """Whether ``attempt`` has ended: a process that waits to be asked for has no memory."""
        try:
            state = Path(f"/proc/{attempt.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        return state in ("Z", "X")

    def _write(self, said: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        print(json.dumps(said), file=self._process.stdin, flush=True)


@contextmanager
def running(scratch: Path, environment: dict[str, str]) -> Iterator[Runner]:
    """A runner, ended at the end."""
    command = [sys.executable, "-m", "tests.survival.runner"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        runner = Runner(process, scratch)
        runner.read()
        yield runner
        assert process.stdin is not None
        process.stdin.close()
        process.wait(20)


def _attempt(asked: dict[str, Any]) -> int:
    """One run, in the child; its exit code as the command's."""
    from tests.survival.wounds import inflict

    log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    inflict(asked["recipe"]["output"], **asked["wound"])
    try:
        return asyncio.run(_write(asked["recipe"], verify=asked["wound"].get("verify", False)))
    except CrowdglotError as error:
        print(f"crowdglot: {error}", flush=True)
        return 2


async def _write(table: dict[str, Any], *, verify: bool) -> int:
    from crowdglot.recipes import build_recipe
    from crowdglot.writing.signals import stopping_on_signals
    from crowdglot.writing.watch import Watch
    from crowdglot.writing.write import write_dataset

    watch = Watch()
    with stopping_on_signals(watch.stop):
        recipe = build_recipe(table, (), "survival")
        outcome = await write_dataset(recipe, watch, verify=verify)
    for path in outcome.damaged:
        print(f"damaged: {path}")
    return {"budget_spent": 3, "stopped": 130}.get(outcome.state, 0)


def _warm(opened: Any) -> None:
    """Judge a draft of each language, so that every child has the word lists already.

    Nothing here may start threads (a query of polars would): they do not outlive a fork.
    """
    from crowdglot.engines.calls import Call, Draft, Key
    from crowdglot.engines.engine import Completion
    from crowdglot.writing.judging import judge_drafts
    from tests.survival.talk import speak

    for index in range(2):
        asked = opened.next(index, ())
        body = {
            "messages": [{"content": message.content} for message in asked.messages],
            "response_format": {"json_schema": {"schema": asked.schema}},
        }
        said = next(text for seed in range(99) if "A1" in (text := speak(body | {"seed": seed})))
        done = Completion(said, "stop", 1, 1, 0.0)
        call = Call(Key(index, 0), "", 0, "openai", "stub", "", done, 0.0)
        judge_drafts(opened, [Draft(index, 0, (call,))])


def main() -> None:
    """Read attempts from standard input until it is closed."""
    from crowdglot.command.environment import set_defaults

    set_defaults()
    import tests.three_calls  # noqa: F401  (a way of writing for one of the checks)
    from crowdglot.recipes import build_recipe
    from crowdglot.writing.opened import open_recipe

    warm = {"name": "warm", "languages": ["fr", "es"], "dialogues_per_language": 1}
    _warm(open_recipe(build_recipe(warm, (), "survival")))
    print(os.getpid(), flush=True)
    for line in sys.stdin:
        if (pid := os.fork()) == 0:
            code = 70
            try:
                code = _attempt(json.loads(line))
            finally:
                if code == 70:
                    import traceback

                    traceback.print_exc()
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
