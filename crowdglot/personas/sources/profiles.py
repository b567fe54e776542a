"""The source ``profiles``: traits drawn from declared shares, and told as sentences.

Attributes as in PersonalDialog (Zheng et al. 2019). No two profiles share all traits, nor all
sentences; one that does, or that contradicts itself, is drawn again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from crowdglot.draws import Draws
from crowdglot.errors import ConfigurationError
from crowdglot.languages.language import resolve_language
from crowdglot.personas.persona import Persona
from crowdglot.personas.sources import SourceSettings
from crowdglot.personas.sources.material import (
    distinct,
    filled,
    material,
    said_of,
    working,
)
from crowdglot.personas.traits import Contradiction, Trait, declared, fault_of
from crowdglot.strict_toml import Strict, read_toml, validate

FILE = Path(__file__).parent / "profiles.toml"
_OURS = ("partner", "family", "interests")
Told = tuple[tuple[Trait, ...], str]  # traits that one draw gives, and the sentence that tells them


class Share(Strict):
    """A trait of the file: see the head of ``profiles.toml``. ``most``: how many values at most."""

    weights: dict[str, float] = Field(default_factory=dict)
    says: tuple[str, ...] = ()
    tells: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    words: dict[str, str] = Field(default_factory=dict)
    chance: float = Field(default=1, ge=0, le=1)
    most: int = Field(default=1, ge=1, le=5)

    @field_validator("words")
    @classmethod
    def _tags(cls, words: dict[str, str]) -> dict[str, str]:
        try:
            return {word: resolve_language(tag).tag for word, tag in words.items()}
        except ConfigurationError as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _drawable(self) -> "Share":
        if any(weight < 0 for weight in self.weights.values()):
            raise ValueError("a weight is negative; give 0 or more")
        if self.weights and not any(self.weights.values()):
            raise ValueError("all weights are 0; give one more")
        return self


class Profiles(Strict):
    """The file ``profiles.toml``, or the user's own. ``sentences``: fewest and most of one."""

    count: int = Field(default=1000, ge=2, le=100_000)
    sentences: tuple[int, int] = (4, 6)
    traits: dict[str, Share] = Field(min_length=1)
    contradictions: tuple[Contradiction, ...] = ()


def read_profiles(path: Path | None = None) -> Profiles:
    """Ours, or the file's; ConfigurationError where a key or a value is not declared."""
    where = path or FILE
    profiles = validate(Profiles, read_toml(where), where)
    known, traits = declared().keys, {}
    for key, share in profiles.traits.items():
        if key not in known:
            raise ConfigurationError(
                f"{where}: 'traits.{key}' is no trait; known: {', '.join(known)}."
            )
        weights = share.weights or dict.fromkeys(_known_values(key), 1.0)
        values = weights if key != "age" else [age for band in weights for age in band.split("-")]
        for value in values:
            if fault := known[key].fault(value):
                raise ConfigurationError(f"{where}: a value of 'traits.{key}' {fault}.")
        if not weights:
            raise ConfigurationError(f"{where}: 'traits.{key}' has no weights; give its values.")
        silent = share.chance and not (share.says or key in material().says or key in _OURS)
        if silent and (missing := [value for value in weights if not share.tells.get(value)]):
            raise ConfigurationError(
                f"{where}: 'traits.{key}' has no sentence for '{missing[0]}'; give 'says' or "
                "'tells', or a 'chance' of 0."
            )
        traits[key] = share.model_copy(update={"weights": weights})
    return profiles.model_copy(update={"traits": traits})


def _known_values(key: str) -> Any:
    ours = material()
    found = {
        "job": [one.job for one in ours.jobs],
        "place": ours.places,
        "interests": [one.value for one in ours.interests],
    }
    return found.get(key, declared().keys[key].values)


def make(settings: SourceSettings) -> tuple[Persona, ...]:
    """As many profiles as are wanted, each with traits of its own."""
    profiles, where = read_profiles(settings.data), settings.data or FILE
    count = settings.count or profiles.count
    return distinct(lambda draws: _drawn(draws, profiles), count, settings.seed, where)


def _drawn(draws: Draws, profiles: Profiles) -> Persona | None:
    """A profile, or None where it contradicts itself or tells too little."""
    traits: list[Trait] = []
    told: list[str] = []
    for key, share in profiles.traits.items():
        for found, sentence in _of_key(draws, key, share, traits):
            traits += [one for one in found if one.key == key or one.key not in profiles.traits]
            if draws.below(1000) < share.chance * 1000:
                told.append(sentence)
    odd = (*profiles.contradictions, *material().unlikely)
    low, high = profiles.sentences
    if len(told) < low or fault_of(traits, odd):
        return None
    told = draws.shuffled(told)[: low + draws.below(high - low + 1)]
    return Persona(tuple(told), tuple(traits))


def _of_key(draws: Draws, key: str, share: Share, before: list[Trait]) -> Iterator[Told]:
    left = dict(share.weights)
    for _ in range(1 + draws.below(share.most)):
        value = _weighted(draws, left)
        left[value] = 0
        if key == "age":
            low, _, high = value.partition("-")
            value = f"{int(low) + draws.below(int(high or low) - int(low) + 1)}"
        yield _told(draws, key, share, value, before)
        if not any(left.values()):
            return


def _told(draws: Draws, key: str, share: Share, value: str, before: list[Trait]) -> Told:
    said = share.tells.get(value) or share.says
    age = next((int(one.value) for one in before if one.key == "age"), 0)
    job = next((one for one in material().jobs if key == "job" and one.job == value), None)
    if job and age and not said:
        work, learnt, works = working(draws, job, age)
        return (work, learnt), works
    trait = Trait(key, value, share.words.get(value, ""))
    if said:
        return (trait,), filled(draws.choice(said), key, value)
    return (trait,), said_of(draws, key, value) if share.chance else ""


def _weighted(draws: Draws, weights: dict[str, float]) -> str:
    at = draws.below(1 << 40) / (1 << 40) * sum(weights.values())
    for value, weight in weights.items():
        at -= weight
        if at < 0:
            return value
    return max(weights, key=lambda value: weights[value])
