"""A way of writing for tests: a dialogue in three parts, each asked for with those before it."""

import json
from collections.abc import Sequence

from crowdglot.dialogues.dialogue import Demonstration, Dialogue
from crowdglot.dialogues.draft import parse
from crowdglot.dialogues.interview import Asked
from crowdglot.dialogues.message import Message
from crowdglot.dialogues.prompt import answer_schema, render, told_of, turn_keys
from crowdglot.dialogues.ways import WAYS
from crowdglot.scenarios.scenario import Scenario


class ThreeCalls:
    """An answer that is no part of a dialogue ends it there, as a fault."""

    texts = ()
    least_turns = 2

    def __init__(self, settings: object = None) -> None:
        del settings

    def next(
        self, scenario: Scenario, shown: Sequence[Demonstration], answers: Sequence[str]
    ) -> Asked | Dialogue:
        """See ``Way``."""
        keys = turn_keys(scenario.order)
        cuts = [len(keys) * part // 3 for part in range(4)]
        told: dict[str, str] = {}
        for answer in answers:
            try:
                told |= json.loads(answer)
            except (ValueError, TypeError):
                return parse(answer, scenario, shown)
        if len(answers) == 3:
            return parse(json.dumps(told), scenario, shown)
        wanted = keys[cuts[len(answers)] : cuts[len(answers) + 1]]
        before = Message("assistant", json.dumps(told, ensure_ascii=False))
        more = Message("user", f"Language: {scenario.language.name}\nGo on: {' '.join(wanted)}")
        schema = {**answer_schema(scenario.order), "required": wanted}
        schema["properties"] = {key: {"type": "string"} for key in wanted}
        return Asked((*render(scenario, shown), before, more), schema)

    def told(self, scenario: Scenario) -> tuple[str, ...]:
        """All of it, as its first question is."""
        return told_of(scenario, "full")

    def most_calls(self, scenario: Scenario) -> int:
        """Three."""
        return 3


WAYS["three_calls"] = f"{__name__}:ThreeCalls"
