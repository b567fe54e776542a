"""The contract of a critic: one dialogue in, one verdict with its reason and evidence out."""

from dataclasses import dataclass
from typing import Protocol

from dialogues.dialogue import Dialogue


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one critic says of one dialogue.

    ``reason``: None when it passes, else a stable name such as "echo_turn", which is counted in
    the funnel. ``evidence``: what was found and where ("turn 3: 'Hello, my friend'"), at most 200
    characters. ``score``: the figure that was held against the threshold.
    """

    critic: str
    reason: str | None = None
    evidence: str = ""
    score: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the dialogue may be kept, as far as this critic is concerned."""
        return self.reason is None


class Critic(Protocol):
    """One file a critic: a frozen dataclass whose fields are its thresholds.

    The module's name is its key in ``thresholds.toml`` and in the recipe, and ``Verdict.critic``.
    """

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge; never raise, whatever the text holds."""
        ...
