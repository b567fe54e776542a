"""Ways of writing: how a dialogue is asked for. One module a way; its name is its recipe key."""

from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

from crowdglot.dialogues.dialogue import Demonstration, Dialogue
from crowdglot.dialogues.interview import Asked
from crowdglot.errors import ConfigurationError
from crowdglot.scenarios.scenario import Scenario

WAYS = {"whole": "crowdglot.dialogues.ways.whole:Whole"}


class Way(Protocol):
    """A pure function from the answers so far to the next question, or to the dialogue."""

    def next(
        self, scenario: Scenario, shown: Sequence[Demonstration], answers: Sequence[str]
    ) -> Asked | Dialogue:
        """The next question, or the dialogue once there are enough ``answers``; never raises.

        ``shown``: the demonstrations. A draft that cannot be read is a dialogue with a fault.
        """
        ...

    def most_calls(self, scenario: Scenario) -> int:
        """The most answers that one draft takes, at least 1."""
        ...


def build_way(name: str, prompt: str = "full") -> Way:
    """The way of this name, with prompts of this form; ConfigurationError where there is none."""
    if name not in WAYS:
        raise ConfigurationError(f"way: '{name}' is unknown; choose one of {', '.join(WAYS)}.")
    module, cls = WAYS[name].split(":")
    return cast(Way, getattr(import_module(module), cls)(prompt))
