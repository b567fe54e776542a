"""Judges: critics that ask a model. One module and one template a judge; its name is its key.

A judge is a pure function from the answers so far to the next question or to its opinion. What it
says of a dialogue counts only in languages in which it was shown to be right (``belief``).
"""

from importlib import import_module
from typing import cast

from crowdglot.critics.judges.judge import Judge, Opinion
from crowdglot.errors import ConfigurationError

__all__ = ["JUDGES", "KEPT_TO", "READING", "Judge", "Opinion", "build_judge"]

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


def build_judge(name: str) -> Judge:
    """The judge of this name; ConfigurationError where there is none."""
    if name not in JUDGES:
        known = ", ".join(JUDGES)
        raise ConfigurationError(f"judges: there is no judge '{name}'; known: {known}.")
    module = import_module(f"crowdglot.critics.judges.{name}")
    return cast(Judge, getattr(module, JUDGES[name])())
