"""Speech events: the kinds of everyday talk, and the common grounds on which each is plausible.

The 29 events are those of Goldsmith & Baxter (1996); glosses and templates are ours. Common
ground after Clark (1996): communal (shared by membership), personal (shared by history), and
the premise that opens this conversation.
"""

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Literal, get_args

from pydantic import Field, ValidationInfo, field_validator, model_validator

from crowdglot.errors import ConfigurationError
from crowdglot.strict_toml import Strict, read_folder

EVENTS = Path(str(files("crowdglot.events")))

Group = Literal["informal", "involving", "goal_directed"]
Relation = Literal[
    "strangers", "acquaintances", "colleagues", "classmates", "neighbours", "friends",
    "siblings", "parent_and_child", "couple", "client_and_provider",
]  # fmt: skip
Knowledge = Literal["none", "some", "most"]
Channel = Literal["face to face", "phone", "chat", "video call"]

# What a template may leave open: the speakers' names, and material of the language's community.
SPEAKER_SLOTS = ("a", "b", "c", "d")
COMMUNITY_SLOTS = ("town", "food", "custom", "school", "work")


def _slots_of(*texts: str) -> set[str]:
    """The names between braces in ``texts``."""
    parsed = (part for text in texts for part in Formatter().parse(text))
    return {name for _, name, _, _ in parsed if name is not None}


class Setting(Strict):
    """Where, when and over which channel the speakers talk; the first two may hold slots."""

    place: str = Field(min_length=3)
    time: str = Field(min_length=3)
    channel: Channel


class CommonGroundTemplate(Strict):
    """One premise of an event, with slots in braces.

    ``relations``: who the speakers may be to each other here. ``communal``: what they share as
    people of one place; it holds a community slot. ``personal``: what they share from their own
    history; empty for strangers only. ``premise``: what just happened and why they talk now;
    ``plain``: the same situation in one or two plain sentences, for small models, or empty.
    ``knows``: how much of the other's persona each speaker knows already.
    """

    relations: tuple[Relation, ...] = Field(min_length=1)
    setting: Setting
    communal: str = Field(min_length=10)
    personal: str = ""
    premise: str = Field(min_length=20)
    plain: str = ""
    knows: Knowledge

    @property  # not cached: a copy in other words would inherit the text
    def told(self) -> str:
        """Place, time, history, premise and channel in one text, with its slots."""
        where = self.setting
        return f"{where.place}; {where.time}; {self.personal} {self.premise}; {where.channel}"

    @model_validator(mode="after")
    def _plausible(self) -> "CommonGroundTemplate":
        strangers = "strangers" in self.relations
        if strangers and len(self.relations) > 1:
            raise ValueError("'strangers' must stand alone in 'relations'")
        if strangers == bool(self.personal):
            raise ValueError("'personal' must be empty for strangers, and for no other relation")
        distant = {"strangers", "acquaintances", "client_and_provider"}.issuperset(self.relations)
        if strangers if self.knows != "none" else not distant:
            raise ValueError("'knows' must be \"none\" for strangers, and not for close relations")
        return self


class SpeechEvent(Strict):
    """The file ``speech_events/<name>.toml``.

    ``title``: as the literature names it. ``definition``: one English sentence. ``speakers`` and
    ``turns``: smallest and largest number. ``tone``: a few adjectives for the prompt.
    ``adults_only``: no speaker may be a minor. ``unattached``: no speaker may have a partner.
    ``propositions``: what may be argued over where the event is planned as a debate: English
    sentences, of low stakes.
    """

    name: str
    title: str = Field(min_length=3)
    definition: str = Field(min_length=30)
    group: Group
    speakers: tuple[int, int] = (2, 2)
    turns: tuple[int, int]
    tone: str = Field(min_length=3)
    adults_only: bool = False
    unattached: bool = False
    propositions: tuple[str, ...] = ()
    common_grounds: tuple[CommonGroundTemplate, ...] = Field(min_length=8)

    @field_validator("speakers", "turns")
    @classmethod
    def _range(cls, limits: tuple[int, int], info: ValidationInfo) -> tuple[int, int]:
        most = len(SPEAKER_SLOTS) if info.field_name == "speakers" else 40
        if not 2 <= limits[0] <= limits[1] <= most:
            raise ValueError(f"must be a range within 2 to {most}")
        return limits

    @field_validator("propositions")
    @classmethod
    def _sentences(cls, propositions: tuple[str, ...]) -> tuple[str, ...]:
        for number, told in enumerate(propositions, start=1):
            if not told.endswith(".") or told in propositions[: number - 1] or "{" in told:
                raise ValueError(
                    f"proposition {number} ('{told}') must be one sentence with a full stop, "
                    "without slots, and must stand there once"
                )
        return propositions

    @model_validator(mode="after")
    def _slots(self) -> "SpeechEvent":
        known = {*SPEAKER_SLOTS[: self.speakers[0]], *COMMUNITY_SLOTS}
        for number, ground in enumerate(self.common_grounds, start=1):
            where = (ground.setting.place, ground.setting.time)
            situation = (ground.premise, ground.plain)
            slots = _slots_of(*where, ground.communal, ground.personal, *situation)
            if unknown := slots - known:
                raise ValueError(
                    f"common ground {number} has the unknown slot {{{sorted(unknown)[0]}}}; "
                    f"known: {', '.join(sorted(known))}"
                )
            if _slots_of(ground.communal).isdisjoint(COMMUNITY_SLOTS):
                raise ValueError(f"common ground {number}: 'communal' holds no community slot")
        return self

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Every relation that a common ground of this event names, from distant to close."""
        named = {relation for ground in self.common_grounds for relation in ground.relations}
        return tuple(relation for relation in get_args(Relation) if relation in named)

    @property
    def in_plain_words(self) -> "SpeechEvent":
        """The same event, each premise told in plain words where there are some."""
        plain = [
            ground.model_copy(update={"premise": ground.plain or ground.premise})
            for ground in self.common_grounds
        ]
        return self.model_copy(update={"common_grounds": tuple(plain)})


@lru_cache(maxsize=1)
def _events() -> dict[str, SpeechEvent]:
    # All files are read: a mistake in any one stops every command that needs an event.
    return read_folder(EVENTS, SpeechEvent, "name")


def event_names() -> tuple[str, ...]:
    """The names of all speech events, sorted; ConfigurationError if a file of one is wrong."""
    return tuple(_events())


def read_event(name: str) -> SpeechEvent:
    """The speech event of that name; ConfigurationError if there is none or a file is wrong."""
    if name not in _events():
        raise ConfigurationError(
            f"events: there is no speech event '{name}'; known: {', '.join(event_names())}."
        )
    return _events()[name]
