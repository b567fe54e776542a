"""The process that judges: the other side of ``AnotherProcess``."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pyarrow as pa

from crowdglot.datasets.journal import decode
from crowdglot.datasets.record import SCHEMA
from crowdglot.dialogues.interview import Asked
from crowdglot.engines.calls import Call, Draft, Key
from crowdglot.engines.engine import Completion
from crowdglot.memory import freeze
from crowdglot.writing.judging.process import READY, SIZE
from crowdglot.writing.judging.rows import to_table
from crowdglot.writing.opened import OpenedRecipe, open_recipe
from crowdglot.writing.recipe import Recipe


def _unpacked(stdin: Any) -> tuple[Draft, bool] | None:
    """The next draft, and whether it is wanted; None where the run was killed in the middle."""
    head = stdin.readline()
    if not head.endswith(b"\n"):
        return None
    calls = [decode(stdin.readline()) for _ in range(int(head[1:]))]
    whole = [call for call in calls if call is not None]
    if len(whole) < len(calls):
        return None
    key = whole[0].key
    return Draft(key.index, key.attempt, tuple(whole)), head[:1] == b"+"


def serve(stdin: Any, stdout: Any) -> None:
    """Judge batches from ``stdin`` until it is closed: the other side of ``AnotherProcess``."""
    opened = open_recipe(Recipe.model_validate_json(stdin.readline()))
    _warm_up(opened)
    stdout.write(READY)
    stdout.flush()
    while count := stdin.readline():
        drafts = []
        for _ in range(int(count)):
            if (draft := _unpacked(stdin)) is None:
                return
            drafts.append(draft)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, SCHEMA) as writer:
            writer.write_table(to_table(opened, drafts))
        content = sink.getvalue()
        stdout.write(SIZE.pack(content.size))
        stdout.write(content)
        stdout.flush()


def _warm_up(opened: OpenedRecipe) -> None:
    """Judge a dialogue of each language, which loads models and word lists."""
    for number in range(len(opened.plan.languages)):
        call = Call(Key(number, 0), "", 0, "", "", "", Completion("", "stop", 0, 0, 0.0), 0.0)
        texts = list(_filler(opened, number))
        calls = tuple(replace(call, completion=replace(call.completion, text=t)) for t in texts)
        to_table(opened, [(Draft(number, 0, calls), True)])
    freeze()


def _filler(opened: OpenedRecipe, number: int) -> Iterator[str]:
    """Answers that make some dialogue of a scenario, whatever its way of writing is."""
    answers: list[str] = []
    most = opened.way.most_calls(opened.plan.scenario(number))
    while len(answers) < most and isinstance(asked := opened.next(number, answers), Asked):
        keys = (asked.schema or {}).get("required", ())
        answers.append(
            orjson.dumps({key: f"{key}: hm, well, and why not?" for key in keys}).decode()
        )
        yield answers[-1]


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
