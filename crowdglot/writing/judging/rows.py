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
    """Row ``at`` of ``table`` (of the record schema). ``keep``: whether the plan takes it."""

    table: pa.Table
    at: int
    keep: bool


class Judging(Protocol):
    """Where drafts are judged."""

    async def judge(self, draft: Draft, *, wanted: bool = True) -> Judged:
        """Judge one draft; ``wanted``: whether a dialogue is still wanted for its scenario."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *error: object) -> None: ...


def to_table(opened: OpenedRecipe, drafts: Sequence[tuple[Draft, bool]]) -> pa.Table:
    """Judge drafts, each with whether it is wanted, and make them rows."""
    withdrawals, rows = read_withdrawals(opened.folder), []
    judged = opened.judge([draft for draft, _ in drafts])
    for (draft, wanted), (dialogue, verdicts) in zip(drafts, judged, strict=True):
        texts = (turn.text for turn in dialogue.turns)
        verdicts = (*verdicts, *withdrawals.verdicts(draft.index, draft.attempt, texts))
        keep = wanted and all(verdict.passed for verdict in verdicts)
        rows.append(to_row(draft, dialogue, opened.sampling, verdicts, keep=keep))
    return pa.Table.from_pylist(rows, schema=SCHEMA)


class InProcess:
    """Judges in this process, one draft at a time."""

    def __init__(self, opened: OpenedRecipe) -> None:
        self._opened = opened

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    async def judge(self, draft: Draft, *, wanted: bool = True) -> Judged:
        """See ``Judging``."""
        await asyncio.sleep(0)  # the next question goes out first: the engine does not wait
        table = to_table(self._opened, [(draft, wanted)])
        return Judged(table, 0, not table["reason"][0].as_py())
