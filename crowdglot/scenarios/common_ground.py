"""Filling a common-ground template for one language, its community and the speakers' names."""

import re

from crowdglot.draws import Draws
from crowdglot.languages.language import Community, Language
from crowdglot.scenarios.event import SPEAKER_SLOTS, CommonGroundTemplate, Relation
from crowdglot.scenarios.scenario import CommonGround

# What speakers of a language without a pack share: true everywhere.
_GENERIC = {
    "town": "their home town",
    "food": "the dish everybody there grows up with",
    "custom": "the biggest yearly celebration there",
    "school": "the final exams at school",
    "work": "the working week there",
}


def draw_names(draws: Draws, community: Community | None, count: int) -> tuple[str, ...]:
    """``count`` different given names; "speaker A" and so on where no pack knows any."""
    if community is None:
        return tuple(f"speaker {letter.upper()}" for letter in SPEAKER_SLOTS[:count])
    names: list[str] = []
    while len(names) < count:
        kind = draws.choice((community.feminine_names, community.masculine_names))
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


def fill(
    template: CommonGroundTemplate,
    relation: Relation,
    community: Community | None,
    names: tuple[str, ...],
    draws: Draws,
) -> CommonGround:
    """The template with every slot replaced; each slot has one value throughout."""
    slots = dict(zip(SPEAKER_SLOTS, names, strict=False))
    if community is None:
        slots |= _GENERIC
    else:
        # The order of these draws is part of every plan.
        for slot, field in zip(
            _GENERIC, ("towns", "food", "customs", "school", "work"), strict=True
        ):
            slots[slot] = draws.choice(getattr(community, field))

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
