"""Drafts in, judged rows out."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import pyarrow as pa

from crowdglot.datasets.record import SCHEMA, to_row
from crowdglot.datasets.withdrawals import read_withdrawals
from crowdglot.engines.calls import Draft
from crowdglot.writing.opened import OpenedRecipe


@dataclass(frozen=True, slots=True)
class Judged:
    """Row ``at`` of ``table`` (of the record schema). ``passed``: whether no critic rejects it."""

    table: pa.Table
    at: int
    passed: bool


class Judging(Protocol):
    """Where drafts are judged."""

    async def judge(self, draft: Draft) -> Judged: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *error: object) -> None: ...


def judge_drafts(opened: OpenedRecipe, drafts: Sequence[Draft]) -> tuple[pa.Table, list[bool]]:
    """The rows of drafts, and of each whether no critic rejects it."""
    withdrawals, rows, passed = read_withdrawals(opened.folder), [], []
    for draft, (dialogue, verdicts) in zip(drafts, opened.judge(drafts), strict=True):
        texts = (turn.text for turn in dialogue.turns)
        verdicts = (*verdicts, *withdrawals.verdicts(draft.index, draft.attempt, texts))
        passed.append(all(verdict.passed for verdict in verdicts))
        rows.append(to_row(draft, dialogue, opened.sampling, verdicts))
    return pa.Table.from_pylist(rows, schema=SCHEMA), passed


class InProcess:
    """Judges in this process, one draft at a time."""

    def __init__(self, opened: OpenedRecipe) -> None:
        self._opened = opened

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    async def judge(self, draft: Draft) -> Judged:
        await asyncio.sleep(0)  # the next question goes out first: the engine does not wait
        table, passed = judge_drafts(self._opened, [draft])
        return Judged(table, 0, passed[0])
