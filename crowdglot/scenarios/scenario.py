"""Scenarios: all that a dialogue is asked for with, and how a common ground is filled."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crowdglot.draws import Draws
from crowdglot.languages.language import Community, Language
from crowdglot.personas.persona import Persona
from crowdglot.scenarios.debate import Debate
from crowdglot.scenarios.event import (
    SPEAKER_SLOTS,
    Channel,
    CommonGroundTemplate,
    Knowledge,
    Relation,
    SpeechEvent,
)
from crowdglot.scenarios.scene import Scene

# What speakers of a language without a pack share: true everywhere.
_GENERIC = {
    "town": "their home town",
    "food": "the dish everybody there grows up with",
    "custom": "the biggest yearly celebration there",
    "school": "the final exams at school",
    "work": "the working week there",
}


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


# Its fields in their order, as prompts and rows read them.
GROUND = tuple(CommonGround.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Personas + speech event + common ground + language.

    ``index``: its number in the plan. ``personas``, ``names``: those of the speakers A, B, … in
    this order. ``order``: the speaker of every turn, such as "ABAB". ``debate``: what is argued
    over, where it was planned as a debate. ``scene``: how the first speaker feels, where characters
    speak.
    """

    index: int
    language: Language
    event: SpeechEvent
    common_ground: CommonGround
    personas: tuple[Persona, ...]
    names: tuple[str, ...]
    order: str
    debate: Debate | None = None
    scene: Scene | None = None

    @property
    def speakers(self) -> str:
        """The speakers' letters: "AB", "ABC" …"""
        return "ABCD"[: len(self.personas)]

    @property
    def id(self) -> str:
        """The id of the row that this scenario becomes."""
        return f"{self.language.tag}-{self.index:010d}"


def draw_names(
    draws: Draws, community: Community | None, count: int, genders: Sequence[str] = ()
) -> tuple[str, ...]:
    """``count`` different given names; "speaker A" and so on where no pack knows any.

    ``genders``: of each speaker, "female", "male", or anything else for either kind of name.
    """
    if community is None:
        return tuple(f"speaker {letter.upper()}" for letter in SPEAKER_SLOTS[:count])
    names: list[str] = []
    while len(names) < count:
        kinds = {"female": community.feminine_names, "male": community.masculine_names}
        of = genders[len(names)] if genders else ""
        kind = kinds.get(of) or draws.choice([*kinds.values()])
        name = draws.choice(kind)
        if name not in names:
            names.append(name)
    return tuple(names)


def draw_community(draws: Draws, language: Language) -> Community | None:
    """One of the places of the language's pack; that of the tag's region where it names one."""
    if language.pack is None:
        return None
    communities = language.pack.communities
    of_region = [c for c in communities if language.tag.endswith(f"-{c.region}")]
    return draws.choice(of_region or communities)


def draw_material(draws: Draws, community: Community | None) -> Mapping[str, str]:
    """By slot what people of the community share."""
    if community is None:
        return _GENERIC
    # The order of these draws is part of every plan.
    fields = zip(_GENERIC, ("towns", "food", "customs", "school", "work"), strict=True)
    return {slot: draws.choice(getattr(community, field)) for slot, field in fields}


def fill(
    template: CommonGroundTemplate,
    relation: Relation,
    community: Community | None,
    names: tuple[str, ...],
    material: Mapping[str, str],
) -> CommonGround:
    """The template with every slot replaced; each slot has one value throughout."""
    slots = {**dict(zip(SPEAKER_SLOTS, names, strict=False)), **material}

    def sentence(text: str) -> str:
        filled = re.sub("(?<=[.!?] )speaker (?=[A-Z])", "Speaker ", text.format_map(slots))
        # Only English gets a capital: Unicode has capitals for Georgian, but nobody writes them.
        return filled[:1].upper() + filled[1:] if filled[:1].isascii() else filled

    return CommonGround(
        relation=relation,
        place=template.setting.place.format_map(slots),
        time=template.setting.time.format_map(slots),
        channel=template.setting.channel,
        region=community.region if community else "",
        communal=sentence(template.communal),
        personal=sentence(template.personal),
        premise=sentence(template.premise),
        knows=template.knows,
    )
