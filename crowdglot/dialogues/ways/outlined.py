"""The way ``outlined``: first a plan in the source language, a line a turn, then the dialogue.

The plan says what a speaker does in a turn, not what is said: plans that speak get translated.
"""

import re
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
    told_of,
    turn_keys,
)
from crowdglot.dialogues.scene import thinker
from crowdglot.dialogues.ways import WaySettings
from crowdglot.scenarios.scenario import Scenario

_FOLDER = Path(__file__).parent
_SYSTEM = (_FOLDER / "outline_system.jinja").read_text("utf-8")
_OUTLINE = (_FOLDER / "outline.jinja").read_text("utf-8")
_ORDER = "Plan these turns; nobody speaks yet."
_MOST_CHARACTERS = 160  # of a line, as the dialogue's writer reads it
# Words and marks of speech, which a report of it has none of.
_SPOKEN = re.compile(r"[?!\"“”]|\b(?:I|I'm|I've|I'll|I'd|you|your|my|we|our|let's)\b")
_MOST_SPOKEN = 0.34  # share of the lines


class Outlined:
    """Asks for the plan, then for the dialogue, each as a JSON object with one key a turn."""

    texts: tuple[str, ...] = (_SYSTEM, _OUTLINE, _ORDER)
    least_turns: int = 2

    def __init__(self, settings: WaySettings) -> None:
        self._form = settings.prompt

    def next(
        self, scenario: Scenario, shown: Sequence[Demonstration], answers: Sequence[str]
    ) -> Asked | Dialogue:
        if not answers:
            # Without demonstrations: whoever has just read talk writes talk.
            wanted = {"language": SOURCE_LANGUAGE, "address": "", "instruction": _ORDER}
            asked = request(scenario, self._form, thinking=False, **wanted)
            plan_of = (Message("system", _SYSTEM.strip()), asked)
            return Asked(plan_of, answer_schema(scenario.order))
        plan, fault = _plan(answers[0], scenario)
        if fault:
            return Dialogue(scenario, (), shown, within(fault, "plan"))
        if len(answers) > 1:
            return parse(answers[1], scenario, shown)
        *before, _ = render(scenario, shown, self._form)
        outline = template(_OUTLINE).render(scenario_fields(scenario), plan=plan).strip()
        messages = (*before, request(scenario, self._form, instruction=outline))
        return Asked(messages, answer_schema(scenario.order, thinker(scenario)))

    def told(self, scenario: Scenario) -> tuple[str, ...]:
        return told_of(scenario, self._form)

    def most_calls(self, scenario: Scenario) -> int:
        return 2


def _plan(answer: str, scenario: Scenario) -> tuple[dict[str, str], str]:
    """The lines of the plan by turn, or the fault."""
    told, fault = read_answer(answer, turn_keys(scenario.order))
    lines = {key: " ".join(text.split())[:_MOST_CHARACTERS] for key, text in told.items()}
    if empty := [key for key, line in lines.items() if not line]:
        return {}, f"empty_plan: nothing for {', '.join(empty[:4])}"
    spoken = [line for line in lines.values() if _SPOKEN.search(line)]
    if len(spoken) > _MOST_SPOKEN * len(lines):
        return {}, f"spoken_plan: {len(spoken)} of {len(lines)} lines are speech: {spoken[0][:80]}"
    return lines, fault
