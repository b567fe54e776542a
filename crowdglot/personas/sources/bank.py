"""The source ``bank``: 1,024 adults, 64 of each of 16 temperaments.

After the bank of CharacterChat (Tu et al. 2023), which pairs sixteen types of personality with 64
characters each. Temperaments, words and sentences are ours. A temperament speaks through a
paragraph about oneself; its name stands among the traits and in no prompt. Of each temperament
ages, genders, jobs, places and habits are spread evenly, and who has which is drawn by the seed.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from crowdglot.draws import Draws
from crowdglot.errors import ConfigurationError
from crowdglot.personas.persona import ADULT, Persona
from crowdglot.personas.sources import SourceSettings
from crowdglot.personas.sources.material import (
    dealt,
    fitting,
    material,
    said_of,
    working,
)
from crowdglot.personas.traits import Trait, declared, fault_of
from crowdglot.strict_toml import Strict, read_toml, validate

FILE = Path(__file__).parent / "bank.toml"


class Temperament(Strict):
    """How somebody is. ``says``: a paragraph about oneself."""

    name: str = Field(min_length=3)
    warmth: str = ""
    control: str = ""
    style: str
    says: str = Field(min_length=30)


class Bank(Strict):
    """The file ``bank.toml``, or the user's own. ``each``: characters of a temperament."""

    each: int = Field(ge=1, le=1024)
    ages: tuple[tuple[int, int], ...] = Field(min_length=1)
    genders: dict[str, int] = Field(min_length=1)
    partners: tuple[str, ...] = Field(min_length=1)
    families: tuple[str, ...] = Field(min_length=1)
    temperaments: tuple[Temperament, ...] = Field(min_length=1)


def read_bank(path: Path | None = None) -> Bank:
    """Ours, or the file's; ConfigurationError where it is wrong, empty, or holds minors."""
    where = path or FILE
    bank = validate(Bank, read_toml(where), where)
    for low, high in bank.ages:
        if not ADULT <= low <= high <= 100:
            raise ConfigurationError(
                f"{where}: 'ages' holds {low} to {high}; give ranges within {ADULT} to 100, for "
                "the bank's characters are adults."
            )
    named = {
        "gender": [*bank.genders],
        "partner": bank.partners,
        "family": bank.families,
        "language_style": [one.style for one in bank.temperaments],
        "warmth": [one.warmth for one in bank.temperaments if one.warmth],
        "control": [one.control for one in bank.temperaments if one.control],
    }
    for key, values in named.items():
        for fault in filter(None, map(declared().keys[key].fault, values)):
            raise ConfigurationError(f"{where}: trait '{key}' {fault}.")
    if len({one.name for one in bank.temperaments}) < len(bank.temperaments):
        raise ConfigurationError(f"{where}: two temperaments have one name; rename one.")
    return bank


def make(settings: SourceSettings) -> tuple[Persona, ...]:
    """The bank's characters, temperaments taking turns, or the first ``count`` of them."""
    bank, where = read_bank(settings.data), settings.data or FILE
    rows = [list(_of(bank, one, settings.seed)) for one in bank.temperaments]
    made = tuple(persona for row in zip(*rows, strict=True) for persona in row)
    for persona in made:
        if fault := fault_of(persona.traits):
            raise ConfigurationError(f"{where}: {fault}")
    if settings.count > len(made):
        raise ConfigurationError(
            f"personas.count: {settings.count} are wanted and the bank has {len(made)}; lower it."
        )
    return made[: settings.count or len(made)]


def _of(bank: Bank, temperament: Temperament, seed: int) -> Iterator[Persona]:
    draws, ours = Draws(seed, "bank", temperament.name), material()
    genders = [gender for gender, share in bank.genders.items() for _ in range(share)]
    columns = zip(
        dealt(draws, bank.ages, bank.each),
        dealt(draws, genders, bank.each),
        dealt(draws, ours.jobs, bank.each),
        dealt(draws, ours.places, bank.each),
        dealt(draws, [told for one in ours.interests for told in one.says], bank.each),
        dealt(draws, [told for some in ours.sentences.values() for told in some], bank.each),
        strict=True,
    )
    of = {told: one.value for one in ours.interests for told in one.says}
    for (low, high), gender, job, place, likes, own in columns:
        age = f"{low + draws.below(high - low + 1)}"
        work, learnt, works = working(draws, job, int(age))
        bare = (Trait("age", age), Trait("gender", gender), Trait("place", place), work, learnt)
        partner = fitting(draws, bare, "partner", bank.partners)
        family = fitting(draws, (*bare, partner), "family", bank.families)
        home = draws.choice((partner, family))
        of_age = said_of(draws, "age", age, person=ours.person.get(gender, ""))
        of_home = said_of(draws, home.key, home.value)
        facts = (temperament.says, of_age, works, of_home, likes, own)
        also = {
            "interests": of[likes], "temperament": temperament.name, "warmth": temperament.warmth,
            "control": temperament.control, "language_style": temperament.style,
        }  # fmt: skip
        traits = (Trait(key, value) for key, value in also.items() if value)
        yield Persona(facts, (*bare, partner, family, *traits))
