"""The contract of a critic: one dialogue in, one verdict with its reason and evidence out."""

from dataclasses import dataclass
from typing import Protocol

from crowdglot.dialogues.dialogue import Dialogue

_MOST_EVIDENCE = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one critic says of one dialogue.

    ``reason``: None when it passes, else a name that never changes, such as "echo_turn", which the
    funnel counts. ``evidence``: what was found and where ("turn 3: Hello, my friend"), cut to 200
    characters that UTF-8 can hold. ``score``: the figure that was compared with the threshold.
    """

    critic: str
    reason: str | None = None
    evidence: str = ""
    score: float | None = None

    def __post_init__(self) -> None:
        if self.evidence:
            cut = self.evidence[:_MOST_EVIDENCE].encode("utf-8", "replace").decode()
            object.__setattr__(self, "evidence", cut)

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
