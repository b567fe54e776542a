"""The way ``whole``: one question, and the answer is the whole dialogue."""

from collections.abc import Sequence

from crowdglot.dialogues.dialogue import Demonstration, Dialogue
from crowdglot.dialogues.draft import parse
from crowdglot.dialogues.interview import Asked
from crowdglot.dialogues.prompt import answer_schema, render, told_of
from crowdglot.dialogues.prompt.letters import named
from crowdglot.dialogues.scene import thinker
from crowdglot.dialogues.ways import WaySettings
from crowdglot.scenarios.scenario import Scenario


class Whole:
    """Asks for a JSON object with one key a turn."""

    texts: tuple[str, ...] = ()
    least_turns: int = 2

    def __init__(self, settings: WaySettings) -> None:
        self._form = settings.prompt

    def next(
        self, scenario: Scenario, shown: Sequence[Demonstration], answers: Sequence[str]
    ) -> Asked | Dialogue:
        if answers:
            read = parse(answers[0], scenario, shown)
            return named(read) if self._form == "short" else read
        schema = answer_schema(scenario.order, thinker(scenario))
        return Asked(render(scenario, shown, self._form), schema)

    def told(self, scenario: Scenario) -> tuple[str, ...]:
        return told_of(scenario, self._form)

    def most_calls(self, scenario: Scenario) -> int:
        return 1
