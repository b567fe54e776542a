"""Judging: from drafts to rows, in this process or in one of its own.

The critics take processor time and no waiting; asking takes waiting and little time. With many
calls at a time the two would hold each other up in one process.
"""

from crowdglot.writing.judging.process import AnotherProcess
from crowdglot.writing.judging.rows import InProcess, Judged, Judging, judge_drafts
from crowdglot.writing.opened import OpenedRecipe

__all__ = ["AnotherProcess", "InProcess", "Judged", "Judging", "judge_drafts", "open_judging"]

# From so many calls at a time on, judging gets a process of its own.
_MANY_CALLS = 16


def open_judging(opened: OpenedRecipe, calls: int) -> Judging:
    """Where drafts are judged for an engine that takes so many calls at a time; not yet entered."""
    return AnotherProcess(opened.recipe) if calls >= _MANY_CALLS else InProcess(opened)
