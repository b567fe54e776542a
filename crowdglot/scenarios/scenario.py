"""Scenarios: all that a dialogue is asked for with."""

from dataclasses import dataclass

from crowdglot.languages.language import Language
from crowdglot.personas.persona import Persona
from crowdglot.scenarios.event import Channel, Knowledge, Relation, SpeechEvent


@dataclass(frozen=True, slots=True)
class CommonGround:
    """A template of the event with its slots filled for one language and its speakers."""

    relation: Relation
    place: str
    time: str
    channel: Channel
    region: str
    communal: str
    personal: str
    premise: str
    knows: Knowledge


@dataclass(frozen=True, slots=True)
class Scenario:
    """Personas + speech event + common ground + language.

    ``index``: its number in the plan. ``personas``, ``names``: those of the speakers A, B, … in
    this order. ``order``: the speaker of every turn, such as "ABAB".
    """

    index: int
    language: Language
    event: SpeechEvent
    common_ground: CommonGround
    personas: tuple[Persona, ...]
    names: tuple[str, ...]
    order: str

    @property
    def speakers(self) -> str:
        """The speakers' letters: "AB", "ABC" …"""
        return "ABCD"[: len(self.personas)]

    @property
    def id(self) -> str:
        """The id of the row that this scenario becomes."""
        return f"{self.language.tag}-{self.index:010d}"
