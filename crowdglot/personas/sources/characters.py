"""The source ``characters``: a job, an aspiration, three traits that go together, two skills.

After the characters of SimsChat (Yang et al. 2024); all values and sentences are ours. A scene with
characters has an emotion of its first speaker, and what that one thinks and does not say (see
``scenarios.scene``).
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from pydantic import Field, model_validator

from crowdglot.draws import Draws
from crowdglot.personas.persona import ADULT, Persona
from crowdglot.personas.sources import SourceSettings
from crowdglot.personas.sources.material import distinct, material, said_of, working
from crowdglot.personas.traits import Trait, fault_of
from crowdglot.strict_toml import Strict, read_toml, validate

FILE = Path(__file__).parent / "characters.toml"
_TRAITS, _SKILLS = 3, 2


class CharacterTrait(Strict):
    """How somebody is. ``against``: traits that nobody has beside it, nor two of one ``kind``."""

    name: str
    kind: str
    against: tuple[str, ...]
    says: str


class Emotion(Strict):
    """``love``: whether it may be felt between lovers only."""

    name: str
    love: bool = False


class Characters(Strict):
    """The file ``characters.toml``, or the user's own. ``aspirations``, ``skills``: each with the
    sentence that tells it."""

    count: int = Field(default=500, ge=2, le=100_000)
    ages: tuple[int, int]
    aspirations: dict[str, str] = Field(min_length=1)
    traits: tuple[CharacterTrait, ...] = Field(min_length=_TRAITS)
    skills: dict[str, str] = Field(min_length=_SKILLS)
    emotions: tuple[Emotion, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> "Characters":
        if not ADULT <= self.ages[0] <= self.ages[1] <= 100:
            raise ValueError(f"'ages' must lie within {ADULT} to 100, for characters are adults")
        names = {one.name for one in self.traits}
        for one in self.traits:
            if odd := {*one.against} - names:
                raise ValueError(
                    f"'traits': '{one.name}' is against '{sorted(odd)[0]}', which is none"
                )
        if all(one.love for one in self.emotions):
            raise ValueError("'emotions' has none that anybody may feel; give one without 'love'")
        return self


@lru_cache(maxsize=4)
def read_characters(path: Path | None = None) -> Characters:
    where = path or FILE
    return validate(Characters, read_toml(where), where)


def make(settings: SourceSettings) -> tuple[Persona, ...]:
    """As many characters as are wanted, no two of them with the same traits."""
    told = read_characters(settings.data)
    count, where = settings.count or told.count, settings.data or FILE
    return distinct(lambda draws: _drawn(draws, told), count, settings.seed, where)


def compatible(traits: Sequence[CharacterTrait]) -> bool:
    names = {one.name for one in traits}
    kinds = {one.kind for one in traits}
    return len(kinds) == len(traits) and all(names.isdisjoint(one.against) for one in traits)


def _drawn(draws: Draws, told: Characters) -> Persona | None:
    chosen = draws.shuffled(told.traits)[:_TRAITS]
    if not compatible(chosen):
        return None
    ours = material()
    age = told.ages[0] + draws.below(told.ages[1] - told.ages[0] + 1)
    gender = draws.choice(("female", "male"))
    work, learnt, works = working(draws, draws.choice(ours.jobs), age)
    aspiration = draws.choice([*told.aspirations])
    skills = draws.shuffled([*told.skills])[:_SKILLS]
    traits = (
        *(Trait("age", f"{age}"), Trait("gender", gender), work, learnt),
        Trait("aspiration", aspiration),
        *(Trait("character", one.name) for one in chosen),
        *(Trait("skills", one) for one in skills),
    )
    facts = (
        said_of(draws, "age", f"{age}", person=ours.person[gender]),
        works,
        told.aspirations[aspiration],
        *(one.says for one in chosen),
        told.skills[skills[0]],
    )
    return None if fault_of(traits) else Persona(facts, traits)
