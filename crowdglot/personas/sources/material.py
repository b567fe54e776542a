"""What our sources build personas from: words, and first-person sentences that show them."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path

from crowdglot.draws import Draws, Item
from crowdglot.errors import ConfigurationError
from crowdglot.personas.persona import Persona
from crowdglot.personas.traits import Contradiction, Trait, fault_of
from crowdglot.strict_toml import Strict, read_toml, validate

FILE = Path(__file__).parent / "material.toml"
_RETIRED = 66  # years
_MOST_TRIES = 200  # of one persona


class Job(Strict):
    """A job: the age ``least`` from which somebody has it, what those who learn it are called, and
    the education that it takes."""

    job: str
    least: int
    young: str
    by: str


class Interest(Strict):
    """Something that people like, and sentences of people who do."""

    value: str
    says: tuple[str, ...]


class Material(Strict):
    """The file ``material.toml``."""

    jobs: tuple[Job, ...]
    places: tuple[str, ...]
    says: dict[str, tuple[str, ...]]
    person: dict[str, str]
    partner: dict[str, tuple[str, ...]]
    family: dict[str, tuple[str, ...]]
    interests: tuple[Interest, ...]
    sentences: dict[str, tuple[str, ...]]
    unlikely: tuple[Contradiction, ...]

    @cached_property
    def telling(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """By key and value the sentences that tell this value alone; others have templates."""
        interests = {one.value: one.says for one in self.interests}
        return {"partner": self.partner, "family": self.family, "interests": interests}


@lru_cache(maxsize=1)
def material() -> Material:
    return validate(Material, read_toml(FILE), FILE)


def working(draws: Draws, job: Job, age: int) -> tuple[Trait, Trait, str]:
    """What somebody of this age does and has learnt for this job, and a sentence that says it."""
    if age < job.least:
        said = said_of(draws, "job", job.young, as_told="learning")
        return Trait("job", job.young), Trait("education", "secondary school"), said
    retired = age >= _RETIRED
    told = Trait("job", f"retired {job.job}" if retired else job.job)
    said = said_of(draws, "job", job.job, as_told="retired" if retired else "job")
    return told, Trait("education", job.by), said


def said_of(draws: Draws, key: str, value: str, *, as_told: str = "", person: str = "") -> str:
    """A sentence that tells a trait of ours. ``as_told``: by the templates of that name."""
    ours = material()
    if told := ours.telling.get(key, {}).get(value):
        return draws.choice(told)
    fit = [one for one in ours.says[as_told or key] if person or "{person}" not in one]
    return filled(draws.choice(fit), key, value, person=person)


def filled(template: str, key: str, value: str, **more: str) -> str:
    """A template with the value of a key in it, and "a" or "an" before it."""
    article = "an" if value[:1] in "aeiou" else "a"
    return template.format(**{key: value, "value": value, "a": article, **more})


def fitting(draws: Draws, traits: Sequence[Trait], key: str, values: Sequence[str]) -> Trait:
    """One of the values that neither contradicts ``traits`` nor is odd beside them; the first
    where all do."""
    told = [Trait(key, value) for value in values]
    good = [one for one in told if not fault_of((*traits, one), material().unlikely)]
    return draws.choice(good or told[:1])


def distinct(
    drawn: Callable[[Draws], Persona | None], count: int, seed: int, where: Path | str
) -> tuple[Persona, ...]:
    """``count`` personas that ``drawn`` gives, no two with the same traits or the same facts.

    One that is None or was there before is drawn again; ConfigurationError where that is no help.
    """
    made: list[Persona] = []
    seen: set[object] = set()
    for number in range(count):
        for tried in range(_MOST_TRIES):
            persona = drawn(Draws(seed, "persona", number, tried))
            if persona and seen.isdisjoint((persona.traits, persona.facts)):
                break
        else:
            raise ConfigurationError(
                f"{where}: gives only {number} personas that differ and contradict nothing; lower "
                "personas.count, or give more values."
            )
        seen |= {persona.traits, persona.facts}
        made.append(persona)
    return tuple(made)


def dealt(draws: Draws, values: Sequence[Item], count: int) -> list[Item]:
    """``count`` of ``values``, each as often as any other but for one, in a random order."""
    rounds = -(-count // len(values))
    return draws.shuffled([*islice((one for _ in range(rounds) for one in values), count)])
