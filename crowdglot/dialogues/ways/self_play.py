"""The way ``self_play``: each speaker is asked for one turn at a time, and sees only its own side.

The talk ends at its goal, in a loop of thanks, at an empty turn, or at the planned number of turns.
"""

from collections.abc import Sequence

from crowdglot.dialogues.dialogue import Demonstration, Dialogue, Turn
from crowdglot.dialogues.interview import Asked
from crowdglot.dialogues.ways import WaySettings
from crowdglot.dialogues.ways.endings import ending, without_loop
from crowdglot.dialogues.ways.speaking import BEGIN, TEXTS, TURN, Said, Side, Talk
from crowdglot.scenarios.scenario import Scenario

_SETTLED = {"settled": ("no", "yes")}
_KEYS = 'turn (what you say), settled ("yes" once all is said and you take your leave, else "no")'
_CLOSE = "Answer in {language}, and bring the talk to its end."


class SelfPlay:
    """Asks for a JSON object of the turn, and whether all is said."""

    texts: tuple[str, ...] = (*TEXTS, _KEYS, _CLOSE)
    least_turns: int = 2

    def __init__(self, settings: WaySettings) -> None:
        self._form = settings.prompt

    def next(
        self, scenario: Scenario, shown: Sequence[Demonstration], answers: Sequence[str]
    ) -> Asked | Dialogue:
        talk = Talk(scenario, shown, self._form)
        said, fault = talk.heard(answers, *_SETTLED)
        turns: list[Turn] = []
        settled = 0
        for one in said:
            turns.append(Turn(one.speaker, one.answer[TURN]))
            settled = settled + 1 if one.answer["settled"] == "yes" else 0
            ended = ending(turns, settled, scenario)
            if ended or len(turns) == len(scenario.order):
                return _dialogue(talk, said[: len(without_loop(turns, ended))], ended)
        if fault:
            return Dialogue(scenario, (), shown, fault)
        return talk.ask(_side(talk, len(turns)), said, len(turns))

    def told(self, scenario: Scenario) -> tuple[str, ...]:
        return Talk(scenario, (), self._form).told()

    def most_calls(self, scenario: Scenario) -> int:
        return len(scenario.order)


def _side(talk: Talk, number: int) -> Side:
    order, last = talk.scenario.order, len(talk.scenario.speakers)
    closing = range(max(1, len(order) - last), len(order))
    cues = {0: BEGIN} | dict.fromkeys(closing, _CLOSE)
    known = talk.known(order[number])
    return Side(order[number], known, cues=cues, keys=_KEYS, beside=_SETTLED)


def _dialogue(talk: Talk, kept: Sequence[Said], ended: str) -> Dialogue:
    if not kept:
        return Dialogue(talk.scenario, (), talk.shown, "empty_turn: turn 1")
    # A last turn that happens to be the planned one ends nothing early.
    return talk.dialogue(kept, ended=ended if len(kept) < len(talk.scenario.order) else "")
