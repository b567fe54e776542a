"""Choosing demonstrations: the same few for a block of neighbouring scenarios (prefix cache)."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.draws import Draws
from crowdglot.errors import ConfigurationError

FEWEST_TURNS = 4


class DemonstrationPool:
    """All demonstrations of a recipe; ``for_block`` is a pure function of its arguments.

    Each is cut to ``most_turns`` turns, so that a long one does not teach the model to run on and
    the prompt stays short.
    """

    def __init__(
        self, demonstrations: Sequence[Demonstration], *, seed: int, count: int, most_turns: int
    ) -> None:
        fit = [d for d in demonstrations if len(d.turns) >= FEWEST_TURNS]
        if len(fit) < count:
            raise ConfigurationError(
                f"demonstrations.source: {len(fit)} demonstrations of at least {FEWEST_TURNS} "
                f"turns found, but demonstrations.count is {count}; lower the count or add some."
            )
        self.seed, self.count = seed, count
        self._pool = tuple(replace(d, turns=d.turns[: max(FEWEST_TURNS, most_turns)]) for d in fit)
        self._of_block = lru_cache(maxsize=64)(self._draw)

    @property
    def all(self) -> tuple[Demonstration, ...]:
        """Every demonstration, as prompts show it."""
        return self._pool

    def for_block(self, block: int) -> tuple[Demonstration, ...]:
        """The demonstrations of the ``block``-th run of scenarios, the same in every language.

        So languages can be compared, and the prefix outlasts a change of language.
        """
        return self._of_block(block)

    def _draw(self, block: int) -> tuple[Demonstration, ...]:
        draws = Draws(self.seed, "demonstrations", block)
        chosen: list[Demonstration] = []
        while len(chosen) < self.count:
            candidate = self._pool[draws.below(len(self._pool))]
            if candidate not in chosen:
                chosen.append(candidate)
        return tuple(chosen)
