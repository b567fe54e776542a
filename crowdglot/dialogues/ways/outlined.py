"""The way ``outlined``: first a plan in the source language, a line a turn, then the dialogue.

The plan says what a speaker does in a turn, not what is said, so that nothing is translated.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from crowdglot.dialogues.dialogue import Demonstration, Dialogue
from crowdglot.dialogues.draft import parse, read_answer, within
from crowdglot.dialogues.interview import Asked
from crowdglot.dialogues.message import Message
from crowdglot.dialogues.prompt import (
    SOURCE_LANGUAGE,
    answer_schema,
    render,
    request,
    scenario_fields,
    template,
    turn_keys,
)
from crowdglot.dialogues.ways.settings import WaySettings
from crowdglot.scenarios.scenario import Scenario

PLAN = (
    "Do not write the conversation yet. Plan it: for each turn one line in English, of at most "
    "twelve words, on what the speaker does in it, such as asking, refusing, telling, giving in, "
    "and about what. The first turns open the matter, the last ones close it. No line says what "
    "is spoken."
)
_OUTLINE = (Path(__file__).parents[1] / "outline.jinja").read_text("utf-8")
_MOST_CHARACTERS = 160  # of a line, as the dialogue's writer reads it


class Outlined:
    """Asks for the plan, then for the dialogue, each as a JSON object with one key a turn."""

    texts: tuple[str, ...] = (PLAN, _OUTLINE)
    least_turns: int = 2

    def __init__(self, settings: WaySettings) -> None:
        self._form = settings.prompt

    def next(
        self, scenario: Scenario, shown: Sequence[Demonstration], answers: Sequence[str]
    ) -> Asked | Dialogue:
        """See ``Way``."""
        asked = self._asked_for_plan(scenario, shown)
        if not answers:
            return Asked(asked, answer_schema(scenario.order))
        lines, fault = _plan(answers[0], scenario)
        if fault:
            return Dialogue(scenario, (), shown, within(fault, "plan"))
        if len(answers) > 1:
            return parse(answers[1], scenario, shown)
        plan = Message("assistant", json.dumps(lines, ensure_ascii=False))
        write = template(_OUTLINE).render(scenario_fields(scenario)).strip()
        return Asked((*asked, plan, Message("user", write)), answer_schema(scenario.order))

    def most_calls(self, scenario: Scenario) -> int:
        """The plan, and the dialogue."""
        return 2

    def _asked_for_plan(
        self, scenario: Scenario, shown: Sequence[Demonstration]
    ) -> tuple[Message, ...]:
        """What ``whole`` asks, but that the source language is named, and a plan ordered."""
        *before, _ = render(scenario, shown, self._form)
        plan = {"language": SOURCE_LANGUAGE, "address": "", "instruction": PLAN}
        return (*before, request(scenario, self._form, **plan))


def _plan(answer: str, scenario: Scenario) -> tuple[dict[str, str], str]:
    """The lines of the plan by turn, or the fault."""
    told, fault = read_answer(answer, turn_keys(scenario.order))
    lines = {key: " ".join(text.split())[:_MOST_CHARACTERS] for key, text in told.items()}
    if empty := [key for key, line in lines.items() if not line]:
        return {}, f"empty_plan: nothing for {', '.join(empty[:4])}"
    return lines, fault
