"""The process that judges: the other side of ``AnotherProcess``."""

import sys
from typing import Any

import pyarrow as pa

from crowdglot.critics import judge_all
from crowdglot.datasets.journal import decode
from crowdglot.datasets.record import SCHEMA
from crowdglot.dialogues.dialogue import Dialogue, Turn
from crowdglot.engines.calls import Draft
from crowdglot.memory import freeze
from crowdglot.writing.judging.process import READY, SIZE
from crowdglot.writing.judging.rows import judge_drafts
from crowdglot.writing.opened import OpenedRecipe, open_recipe
from crowdglot.writing.recipe import Recipe


def serve(stdin: Any, stdout: Any) -> None:
    """Judge batches from ``stdin`` until it is closed.

    An answer is its size, a byte a draft that says whether it passed, and the rows.
    """
    opened = open_recipe(Recipe.model_validate_json(stdin.readline()))
    _warm_up(opened)
    stdout.write(READY)
    stdout.flush()
    while count := stdin.readline():
        drafts = [_unpacked(stdin) for _ in range(int(count))]
        whole = [draft for draft in drafts if draft is not None]
        if len(whole) < len(drafts):
            return
        table, passed = judge_drafts(opened, whole)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, SCHEMA) as writer:
            writer.write_table(table)
        content = sink.getvalue()
        stdout.write(SIZE.pack(len(passed) + content.size) + bytes(passed))
        stdout.write(content)
        stdout.flush()


def _unpacked(stdin: Any) -> Draft | None:
    """The next draft; None where the run was killed in the middle of it."""
    calls = [decode(stdin.readline()) for _ in range(int(stdin.readline() or 0))]
    whole = [call for call in calls if call is not None]
    if not calls or len(whole) < len(calls):
        return None
    return Draft(whole[0].key.index, whole[0].key.attempt, tuple(whole))


def _warm_up(opened: OpenedRecipe) -> None:
    """Judge a dialogue of each language, which loads models and word lists."""
    for number in range(len(opened.plan.languages)):
        scenario = opened.plan.scenario(number)
        turns = (Turn(who, f"{n}: hm, well, why not?") for n, who in enumerate(scenario.order))
        judge_all([Dialogue(scenario, tuple(turns), opened.shown(scenario))], opened.critics)
    freeze()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
