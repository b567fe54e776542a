"""Judges: critics that ask a model. One module and one template a judge; its name is its key.

A judge is a pure function from the answers so far to the next question or to its opinion. What it
says of a dialogue counts only in languages in which it was shown to be right (``belief``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol, cast

from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.interview import Asked
from crowdglot.engines.engine import Completion
from crowdglot.errors import ConfigurationError

JUDGES = {
    "sense": "Sense",
    "common_ground": "CommonGroundJudge",
    "event": "Event",
    "persona": "PersonaJudge",
    "consistency": "Consistency",
    "rubric": "Rubric",
    "harm": "Harm",
    "likelihood": "Likelihood",
    "support": "Support",
}
# Judges that are for some speech events only; of other dialogues they say nothing.
KEPT_TO = {"support": frozenset({"talking_about_problems"})}
# Judges that need an engine which tells how likely a text is.
READING = frozenset({"likelihood"})


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


def build_judge(name: str) -> Judge:
    """The judge of this name; ConfigurationError where there is none."""
    if name not in JUDGES:
        known = ", ".join(JUDGES)
        raise ConfigurationError(f"judges: there is no judge '{name}'; known: {known}.")
    module = import_module(f"crowdglot.critics.judges.{name}")
    return cast(Judge, getattr(module, JUDGES[name])())
