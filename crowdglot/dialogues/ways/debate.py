"""The way ``debate``: two sides argue over a proposition, in an opening, a rebuttal, a conclusion.

After the trial of Salvi et al. (2025) on persuasion in conversation: each side is asked for one
contribution at a time, sees what the other said, and in half of the scenarios the other's traits,
by which to choose its arguments, and which it must not mention (the critics ``leak`` and
``translated_leak`` look for them).
"""

from collections.abc import Sequence

from crowdglot.dialogues.dialogue import Demonstration, Dialogue, Part
from crowdglot.dialogues.interview import Asked
from crowdglot.dialogues.ways import WaySettings
from crowdglot.dialogues.ways.speaking import TEXTS, Side, Talk
from crowdglot.scenarios.debate import Debate
from crowdglot.scenarios.scenario import Scenario

CUES = {
    "opening": "This is your opening: say in {language} which view you take, and your best reason.",
    "rebuttal": "This is your rebuttal: answer in {language}, and say why the other is wrong.",
    "conclusion": "This is your conclusion: say in one {language} sentence where you stand now.",
}
PROPOSITION = "You argue over this: {proposition}"
SIDE = {True: "You are for it, and want the other to agree.",
        False: "You are against it, and want the other to agree."}  # fmt: skip
TRAITS = (
    "By what the other says of itself, choose the arguments that will move that person. Never "
    "mention any of it, nor that you know it."
)


class DebateWay:
    """Asks for a JSON object of one contribution."""

    texts: tuple[str, ...] = (*TEXTS, *CUES.values(), PROPOSITION, *SIDE.values(), TRAITS)
    least_turns: int = 6

    def __init__(self, settings: WaySettings) -> None:
        self._form = settings.prompt

    def next(
        self, scenario: Scenario, shown: Sequence[Demonstration], answers: Sequence[str]
    ) -> Asked | Dialogue:
        talk = Talk(scenario, shown, self._form)
        said, fault = talk.heard(answers)
        if fault:
            return Dialogue(scenario, (), shown, fault)
        parts = stages(len(scenario.order))
        if len(said) == len(scenario.order):
            return talk.dialogue(said, parts=parts)
        return talk.ask(_side(talk, scenario.order[len(said)], parts), said, len(said))

    def told(self, scenario: Scenario) -> tuple[str, ...]:
        told = Talk(scenario, (), self._form).told(float(_debate_of(scenario).known))
        return (*told, "debate") if scenario.debate else told

    def most_calls(self, scenario: Scenario) -> int:
        return len(scenario.order)


def stages(turns: int) -> tuple[Part, ...]:
    """An opening and a conclusion of one turn a side, and the rebuttals between; of fewer than six
    turns a third each."""
    ends = 2 if turns >= DebateWay.least_turns else turns // 3
    counts = zip(CUES, (ends, turns - 2 * ends, ends), strict=True)
    return tuple(Part(name, count) for name, count in counts if count)


def _debate_of(scenario: Scenario) -> Debate:
    """The planned one; where none was planned, the premise is the proposition."""
    return scenario.debate or Debate(scenario.common_ground.premise, "A", known=False)


def _side(talk: Talk, speaker: str, parts: Sequence[Part]) -> Side:
    debate = _debate_of(talk.scenario)
    told = [PROPOSITION.format(proposition=debate.proposition), SIDE[speaker == debate.in_favour]]
    staged = [part.name for part in parts for _ in range(part.turns)]
    return Side(
        speaker,
        talk.known(speaker, float(debate.known)),
        told=(*told, TRAITS) if debate.known else told,
        cues={number: CUES[name] for number, name in enumerate(staged)},
    )
