"""Choosing demonstrations: the same for a block of consecutive scenarios, for prefix caches."""

from collections.abc import Sequence
from dataclasses import replace

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.draws import Draws
from crowdglot.errors import ConfigurationError

FEWEST_TURNS = 4


class DemonstrationPool:
    """All demonstrations of a recipe; ``for_block`` is a pure function of its arguments.

    ``count``: how many a prompt shows. ``most_turns``: each is cut to so many turns, so that a long
    one does not make the model write on and on. ConfigurationError if there are fewer than
    ``count``. ``all``: every demonstration, as prompts show it.
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
        self.all = tuple(replace(d, turns=d.turns[: max(FEWEST_TURNS, most_turns)]) for d in fit)

    def for_event(self, event: str) -> tuple[Demonstration, ...]:
        """The demonstrations for a speech event: those of that event first, then any others.

        The first stands last in the prompt, next to the request.
        """
        draws = Draws(self.seed, "demonstrations", event)
        drawn = draws.shuffled(self.all)
        fitting = sorted(drawn, key=lambda shown: (shown.event != event, len(shown.personas) != 2))
        return tuple(reversed(fitting[: self.count]))

    def for_block(self, block: int) -> tuple[Demonstration, ...]:
        """The demonstrations of block number ``block``, the same in every language.

        So languages can be compared, and a change of language keeps the prompt's prefix.
        """
        draws = Draws(self.seed, "demonstrations", block)
        chosen: list[Demonstration] = []
        while len(chosen) < self.count:
            if (drawn := draws.choice(self.all)) not in chosen:
                chosen.append(drawn)
        return tuple(chosen)
