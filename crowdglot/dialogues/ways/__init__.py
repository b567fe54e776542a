"""Ways of writing: how a dialogue is asked for. One module a way; its name is its recipe key."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from crowdglot.dialogues.dialogue import Demonstration, Dialogue
from crowdglot.dialogues.interview import Asked
from crowdglot.errors import ConfigurationError
from crowdglot.scenarios.scenario import Scenario

WAYS = {
    "whole": "crowdglot.dialogues.ways.whole:Whole",
    "outlined": "crowdglot.dialogues.ways.outlined:Outlined",
    "self_play": "crowdglot.dialogues.ways.self_play:SelfPlay",
    "sessions": "crowdglot.dialogues.ways.sessions:Sessions",
    "debate": "crowdglot.dialogues.ways.debate:DebateWay",
}


@dataclass(frozen=True, slots=True)
class WaySettings:
    """``prompt``: the form of the prompt (see ``dialogues.prompt``). ``sessions``: how many
    dialogues of the same speakers one row holds, for the way that writes several."""

    prompt: str = "full"
    sessions: int = 2


class Way(Protocol):
    """A pure function from the answers so far to the next question, or to the dialogue.

    ``texts``: of the prompts that are this way's own, beside those of its form: two runs on one
    dataset must agree on them. ``least_turns``: how few turns a recipe may plan.
    """

    texts: tuple[str, ...]
    least_turns: int

    def next(
        self, scenario: Scenario, shown: Sequence[Demonstration], answers: Sequence[str]
    ) -> Asked | Dialogue:
        """The next question, or the dialogue once there are enough ``answers``; never raises.

        ``shown``: the demonstrations. A draft that cannot be read is a dialogue with a fault.
        """
        ...

    def told(self, scenario: Scenario) -> tuple[str, ...]:
        """What its questions tell of a scenario; see ``prompt.names_told``."""
        ...

    def most_calls(self, scenario: Scenario) -> int:
        """The most answers that one draft takes, at least 1."""
        ...


def build_way(name: str, settings: WaySettings | None = None) -> Way:
    """The way of this name; ConfigurationError where there is none."""
    if name not in WAYS:
        raise ConfigurationError(f"way: '{name}' is unknown; choose one of {', '.join(WAYS)}.")
    module, cls = WAYS[name].split(":")
    return cast(Way, getattr(import_module(module), cls)(settings or WaySettings()))
