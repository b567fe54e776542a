"""What a prompt says beside the situation where characters are planned: feelings and thoughts.

And words of the target language that a trait holds. Where a scenario has neither, nothing is said,
so that its prompt is the same as ever.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from crowdglot.scenarios.scenario import Scenario

THINKS = "_thinks"  # what follows a turn's key in that of the thought before it
THOUGHT = "thought"  # the key, where a turn is asked for alone
_FEELS = "{who} is {emotion} in this scene: that shows in every turn of {who}, and nobody names it."
_KEYS = (
    "Under {keys} stands what {who} thinks just before that turn and keeps back: one short "
    "sentence in {language}, unlike what is said, or nothing."
)
_OWN = "You are {emotion} in this scene: let it show in what you say, and never name it."
THOUGHT_KEY = "thought (what you think just before and keep back, one short sentence, or nothing)"
_WORD = 'Where it comes up, {who} says "{word}" in exactly that word.'
TEXTS = (THINKS, THOUGHT, _FEELS, _KEYS, _OWN, THOUGHT_KEY, _WORD)


@dataclass(frozen=True, slots=True)
class Thought:
    """What the speaker of ``turn``, counted from 1, thinks just before it and does not say."""

    turn: int
    text: str


def thinker(scenario: Scenario) -> str:
    """The letter of the speaker whose thoughts are asked for, or ""."""
    return scenario.scene.speaker if scenario.scene else ""


def scene_lines(scenario: Scenario, *, thinking: bool) -> Iterator[str]:
    """For who writes both sides. ``thinking``: whether thoughts are written as well."""
    for who, persona in zip(scenario.speakers, scenario.personas, strict=True):
        for word in persona.words:
            yield _WORD.format(who=who, word=word)
    if scene := scenario.scene:
        yield _FEELS.format(who=scene.speaker, emotion=scene.emotion)
        if thinking:
            keys = f"{scene.speaker}1{THINKS} and the like"
            yield _KEYS.format(keys=keys, who=scene.speaker, language=scenario.language.name)


def own_lines(scenario: Scenario, speaker: str) -> Iterator[str]:
    """For one speaker alone."""
    persona = scenario.personas[scenario.speakers.index(speaker)]
    for word in persona.words:
        yield _WORD.format(who="you", word=word).replace("you says", "you say")
    if (scene := scenario.scene) and scene.speaker == speaker:
        yield _OWN.format(emotion=scene.emotion)
