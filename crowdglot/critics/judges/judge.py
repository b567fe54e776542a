"""The contract of a judge: a critic that asks a model, as an interview."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.interview import Asked
from crowdglot.engines.engine import Completion


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a judge makes of the answers.

    ``score``: high is good, 0 to 1 where it is a share; None: unscored, for too few answers could
    be read. ``evidence``: what it rests on. ``parts``: other figures of the same answers, by name;
    they are kept and never reject.
    """

    score: float | None
    evidence: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)


class Judge(Protocol):
    """One module and one template a judge; the module's name is its key everywhere.

    ``reason``: why a dialogue is rejected whose score is too low. ``damages``: the kinds of damage
    to human dialogues by which it is tried (see ``calibration.damage``).
    """

    reason: str
    damages: tuple[str, ...]

    def next(self, dialogue: Dialogue, answers: Sequence[Completion]) -> Asked | Opinion:
        """The next question on this dialogue, or the opinion after enough ``answers``; pure."""
        ...
