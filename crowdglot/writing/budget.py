"""Budgets: when a run shall ask no more."""

import time
from dataclasses import dataclass

from crowdglot.datasets.funnel import count_tokens
from crowdglot.datasets.journal import read_journal
from crowdglot.datasets.shards import incomplete, read_entries
from crowdglot.writing.opened import Job
from crowdglot.writing.watch import Stop, Tally


@dataclass(frozen=True, slots=True)
class Budget:
    """``tokens``: left to this run, None for no limit; ``until``: on the monotonic clock."""

    tokens: int | None = None
    until: float | None = None

    @classmethod
    def of(cls, job: Job) -> "Budget":
        """What the recipe leaves to a run that begins now."""
        limits = job.recipe.budget
        tokens = until = None
        if limits.max_tokens_total:
            tokens = limits.max_tokens_total - count_tokens(job.folder) - _in_journals(job)
        if limits.max_wall_time:
            until = time.monotonic() + limits.max_wall_time
        return cls(tokens, until)

    def over(self, stop: Stop, tally: Tally) -> bool:
        """Whether nothing more shall be asked, where something is left to ask.

        A budget that is spent becomes a wish to stop: ``stop.spent`` says which.
        """
        if not stop.wanted and (spent := self._spent(tally)):
            stop.wanted, stop.spent = True, spent
        return stop.wanted

    def _spent(self, tally: Tally) -> str:
        if self.tokens is not None and tally.tokens >= self.tokens:
            return "budget.max_tokens_total is spent; raise it and run the same again to go on."
        if self.until is not None and time.monotonic() >= self.until:
            return "budget.max_wall_time is over; run the same again to go on."
        return ""


def _in_journals(job: Job) -> int:
    """Tokens of the completions that are in a journal here and not in their shard's files yet."""
    tokens = 0
    for shard in incomplete(job.folder, job.shards()):
        if entries := read_journal(shard.journal(job.folder)):
            stored = {(entry.index, entry.attempt) for entry in read_entries(job.folder, shard)}
            for entry in entries:
                if (entry.index, entry.attempt) not in stored:
                    made = entry.completion
                    tokens += made.prompt_tokens + made.completion_tokens
    return tokens
