"""Budgets: when a run shall ask no more."""

import time
from dataclasses import dataclass

from crowdglot.datasets.funnel import count_tokens
from crowdglot.datasets.journal import read_journal
from crowdglot.datasets.shards import incomplete, read_calls
from crowdglot.writing.opened import OpenedRecipe
from crowdglot.writing.pool import tokens_of_pool
from crowdglot.writing.watch import Progress, Watch


@dataclass(frozen=True, slots=True)
class Budget:
    """``tokens``: up to which count of the watch, None for no limit; ``until``: on the monotonic
    clock."""

    tokens: int | None = None
    until: float | None = None

    @classmethod
    def of(cls, opened: OpenedRecipe, watch: Watch) -> "Budget":
        """What the recipe leaves to a run that begins now, and may have counted tokens before."""
        limits = opened.recipe.budget
        tokens = until = None
        if limits.max_tokens_total:
            taken = count_tokens(opened.folder) + _in_journals(opened)
            taken += tokens_of_pool(opened.recipe, opened.recipe.pool.iterations)
            tokens = watch.progress.tokens + limits.max_tokens_total - taken
        if limits.max_wall_time:
            until = time.monotonic() + limits.max_wall_time
        return cls(tokens, until)

    def over(self, watch: Watch) -> bool:
        """Whether nothing more shall be asked, where something is left to ask.

        A budget that is spent becomes a wish to stop: ``stop.spent`` says which.
        """
        if not watch.stop.wanted and (spent := self._spent(watch.progress)):
            watch.stop.wanted, watch.stop.spent = True, spent
        return watch.stop.wanted

    def _spent(self, progress: Progress) -> str:
        if self.tokens is not None and progress.tokens >= self.tokens:
            return "budget.max_tokens_total is spent; raise it and run the same again to go on."
        if self.until is not None and time.monotonic() >= self.until:
            return "budget.max_wall_time is over; run the same again to go on."
        return ""


def _in_journals(opened: OpenedRecipe) -> int:
    """Tokens of the calls that are in a journal here and not in their shard's files yet."""
    tokens = 0
    for shard in incomplete(opened.folder, opened.shards()):
        if calls := read_journal(shard.journal(opened.folder)):
            stored = {call.key for call in read_calls(opened.folder, shard)}
            made = [call.completion for call in calls if call.key not in stored]
            tokens += sum(one.prompt_tokens + one.completion_tokens for one in made)
    return tokens
