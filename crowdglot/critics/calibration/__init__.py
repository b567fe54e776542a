"""Calibration: how often critics reject what people wrote, by critic and language."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crowdglot.critics import CRITICS, MEANING, Critic, judge, load_critics
from crowdglot.dialogues.dialogue import Dialogue, Turn
from crowdglot.dialogues.human import HumanFile, human_files
from crowdglot.dialogues.readers import read_file
from crowdglot.engines.embedding.bundled import missing
from crowdglot.errors import ConfigurationError
from crowdglot.languages.language import Language
from crowdglot.personas.persona import Persona
from crowdglot.scenarios.event import read_event
from crowdglot.scenarios.scenario import CommonGround, Scenario

MOST_REJECTED = 0.01
# Human dialogues come with personas and demonstrations in their own language, not in English.
UNTRIED = frozenset({"translated_copying", "translated_recital"})
# A dialogue's demonstrations are those that follow it in the file after so many others.
_OTHERS = (7, 61, 97)
_SHOWN_TURNS = 10
_NOBODY = Persona(("I am somebody.",))
_GROUND = CommonGround(
    relation="friends", place="a café", time="an evening", channel="face to face", region="",
    communal="", personal="", premise="", knows="most",
)  # fmt: skip

Key = tuple[str, str]  # critic and language tag


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the critics rejected of human dialogues.

    ``critics``: who judged. ``dialogues``: how many were judged, by language. ``evidence``:
    (reason, evidence) of every rejection by critic and language, in the order of the files.
    """

    critics: tuple[str, ...]
    dialogues: dict[str, int]
    evidence: dict[Key, list[tuple[str, str]]]

    @property
    def rejected(self) -> dict[Key, int]:
        """How many dialogues were rejected, by critic and language."""
        return {key: len(found) for key, found in self.evidence.items()}

    def rate(self, critic: str, tag: str) -> float:
        """The share of the language's dialogues that the critic rejects, 0 to 1."""
        return len(self.evidence.get((critic, tag), ())) / max(1, self.dialogues[tag])

    @property
    def broken(self) -> list[Key]:
        """Critic and language wherever more than 1% is rejected."""
        return [key for key in self.evidence if self.rate(*key) > MOST_REJECTED]


def calibrate(
    folder: Path, language: str = "", most_turns: int = 0, *, meaning: bool = False
) -> Calibration:
    """Judge every dialogue of a folder of human dialogues, or of one file.

    ``language``: as in ``human_files``. ``most_turns``: judge only so many turns from the
    beginning; 0 for all. ``meaning``: by the critics of meaning too, but for those that want
    English personas and demonstrations. MaterialError where there is nothing to read,
    ConfigurationError where a language is unknown, or the embedding model is missing.
    """
    if meaning and (fault := missing()):
        told = f"--meaning: {fault}; pip install 'crowdglot[meaning]', or leave it out."
        raise ConfigurationError(told)
    critics = tried(meaning=meaning)
    who = tuple(critics.values())
    dialogues: Counter[str] = Counter()
    evidence: dict[Key, list[tuple[str, str]]] = defaultdict(list)
    for file in human_files(folder, language):
        tag = file.language.tag
        for dialogue in human_dialogues(file, most_turns):
            dialogues[tag] += 1
            for verdict in judge(dialogue, who):
                if verdict.reason:
                    evidence[verdict.critic, tag].append((verdict.reason, verdict.evidence))
    return Calibration(tuple(critics), dict(dialogues), dict(evidence))


def tried(*, meaning: bool) -> dict[str, Critic]:
    """The critics that can be held against human dialogues, by name."""
    names = (*CRITICS, *MEANING) if meaning else tuple(CRITICS)
    named = zip(names, load_critics(meaning=meaning), strict=True)
    return {name: critic for name, critic in named if name not in UNTRIED}


def plain_dialogue(texts: Sequence[str], language: Language) -> Dialogue:
    """The dialogue of two friends, about whom nothing is known, who say ``texts`` in turn."""
    community = language.pack.communities[0] if language.pack else None
    names = (community.feminine_names[0], community.masculine_names[0]) if community else ("A", "B")
    scenario = Scenario(
        index=0,
        language=language,
        event=read_event("getting_to_know_someone"),
        common_ground=_GROUND,
        personas=(_NOBODY, _NOBODY),
        names=names,
        order=("AB" * len(texts))[: len(texts)],
    )
    turns = [Turn(who, text) for who, text in zip(scenario.order, texts, strict=True)]
    return Dialogue(scenario, tuple(turns))


def human_dialogues(file: HumanFile, most_turns: int) -> Iterator[Dialogue]:
    """The file's dialogues, each as if written for a scenario of its own personas.

    Its demonstrations are three others of the file: what several people say is no copy. A speaker
    without a persona gets that of the other one.
    """
    usual = plain_dialogue((), file.language).scenario
    human = read_file(file.path).demonstrations
    for number, shown in enumerate(human):
        turns = shown.turns[: most_turns or None]
        known = next((persona for persona in shown.personas if persona), _NOBODY)
        scenario = replace(
            usual,
            personas=tuple(persona or known for persona in shown.personas),
            names=(*usual.names, "C", "D")[: len(shown.personas)],
            order="".join(turn.speaker for turn in turns),
        )
        others = [human[at] for at in sorted({(number + step) % len(human) for step in _OTHERS})]
        demonstrations = [
            replace(other, turns=other.turns[:_SHOWN_TURNS])
            for other in others
            if other.turns != shown.turns
        ]
        yield Dialogue(scenario, turns, demonstrations)
