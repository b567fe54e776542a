"""Calibration: how often critics reject what people wrote, by critic and language."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from crowdglot.critics import judge, load_critics
from crowdglot.dialogues.dialogue import Demonstration, Dialogue
from crowdglot.dialogues.human import HumanFile, human_files
from crowdglot.dialogues.readers import read_file
from crowdglot.languages.language import Language
from crowdglot.personas.persona import Persona
from crowdglot.scenarios.event import read_event
from crowdglot.scenarios.scenario import CommonGround, Scenario

MOST_REJECTED = 0.01
# Which dialogues, counted from the one that is judged, stand as its demonstrations.
OTHERS = (7, 61, 97)
SHOWN_TURNS = 10
_NOBODY = Persona(("I am somebody.",))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Counts of judged human dialogues by language, and of rejected ones by critic and language.

    ``evidence``: (reason, evidence) of every rejection, in the order of the files.
    """

    dialogues: dict[str, int]
    rejected: dict[tuple[str, str], int]
    evidence: dict[tuple[str, str], list[tuple[str, str]]]

    def rate(self, critic: str, tag: str) -> float:
        """The share of the language's dialogues that the critic rejects, 0 to 1."""
        return self.rejected.get((critic, tag), 0) / max(1, self.dialogues[tag])

    @property
    def broken(self) -> list[tuple[str, str]]:
        """Critic and language wherever more than 1% is rejected."""
        return [key for key in self.rejected if self.rate(*key) > MOST_REJECTED]


def calibrate(folder: Path, language: str = "", most_turns: int = 0) -> Calibration:
    """Judge every dialogue of a folder of human dialogues, or of one file.

    ``language``: that of all files; by default each file's name tells it ("Fr_persona.json").
    ``most_turns``: judge only so many turns from the beginning; 0 for all. MaterialError where
    there is nothing to read, ConfigurationError where a language is unknown.
    """
    critics = load_critics()
    dialogues: Counter[str] = Counter()
    rejected: Counter[tuple[str, str]] = Counter()
    evidence: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for file in human_files(folder, language):
        tag = file.language.tag
        for dialogue in _dialogues(file, most_turns):
            dialogues[tag] += 1
            for verdict in judge(dialogue, critics):
                if verdict.reason:
                    rejected[verdict.critic, tag] += 1
                    evidence[verdict.critic, tag].append((verdict.reason, verdict.evidence))
    return Calibration(dict(dialogues), dict(rejected), dict(evidence))


def _dialogues(file: HumanFile, most_turns: int) -> Iterator[Dialogue]:
    """The file's dialogues, each as if written for a scenario of its own personas.

    Three others of the file stand as demonstrations: what people say alike is no copy.
    """
    usual = _scenario(file.language)
    human = list(read_file(file.path))
    for number, shown in enumerate(human):
        turns = shown.turns[: most_turns or None]
        order = "".join(turn.speaker for turn in turns)
        names = (*usual.names, "C", "D")[: len(shown.personas)]
        scenario = replace(usual, personas=_personas(shown), names=names, order=order)
        others = {(number + step) % len(human) for step in OTHERS} - {number}
        demonstrations = [
            replace(human[other], turns=human[other].turns[:SHOWN_TURNS])
            for other in sorted(others)
            if human[other].turns != shown.turns
        ]
        yield Dialogue(scenario, turns, demonstrations)


def _personas(shown: Demonstration) -> tuple[Persona, ...]:
    """One a speaker; where a source has none for a speaker, that of the other, who knows it."""
    known = next((persona for persona in shown.personas if persona), _NOBODY)
    return tuple(persona or known for persona in shown.personas)


def _scenario(language: Language) -> Scenario:
    ground = CommonGround(
        relation="friends", place="a café", time="an evening", channel="face to face", region="",
        communal="", personal="", premise="", knows="most",
    )  # fmt: skip
    community = language.pack.communities[0] if language.pack else None
    names = (community.feminine_names[0], community.masculine_names[0]) if community else ("A", "B")
    return Scenario(
        index=0,
        language=language,
        event=read_event("getting_to_know_someone"),
        common_ground=ground,
        personas=(_NOBODY, _NOBODY),
        names=names,
        order="AB",
    )
