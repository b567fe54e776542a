"""Who talks with whom: personas drawn so that the relation between the speakers is plausible."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from crowdglot.draws import Draws
from crowdglot.errors import ConfigurationError
from crowdglot.personas.persona import Persona

# Relations in which minors may be planned, each with the first speaker who is one. All others are
# between adults, because a random pairing cannot take the care that a child's talk needs.
FIRST_MINOR = {"classmates": 0, "friends": 0, "siblings": 0, "parent_and_child": 1}


@dataclass(frozen=True, slots=True)
class Situation:
    """For whom speakers are sought: ``count`` of them in a ``relation``.

    ``ground``: place, time, history, premise and channel, with {a} and {b} for the speakers.
    ``language``: the tag of what they speak, "" for any.
    """

    relation: str
    count: int
    adults_only: bool
    unattached: bool
    ground: str = ""
    language: str = ""


class Cast(Protocol):
    """Who draws the speakers of a scenario: ``PersonaPool``, or ``casting.pool.CastPool``."""

    personas: tuple[Persona, ...]

    def pick(self, draws: Draws, wanted: Situation) -> tuple[Persona, ...]:
        """As many personas as are wanted; ConfigurationError where too few fit."""
        ...

    def genders(self, personas: Sequence[Persona], relation: str) -> tuple[str, ...]:
        """The gender of each, "" where it may be any."""
        ...


class PersonaPool:
    """All personas of a recipe, grouped by the relations that they fit.

    ``source``: the recipe's key, for errors. ConfigurationError if there are fewer than two.
    """

    def __init__(self, personas: Sequence[Persona], source: str = "personas.source") -> None:
        if len(personas) < 2:
            raise ConfigurationError(
                f"{source}: {len(personas)} persona(s) found; give a source with at least two."
            )
        self.source = source
        self.personas = tuple(personas)
        self._adults = tuple(p for p in personas if not p.minor)
        self._minors = tuple(p for p in personas if p.minor)
        self._unattached = tuple(p for p in self._adults if not p.partnered)
        self._not_single = tuple(p for p in self._adults if not p.single)

    def pick(self, draws: Draws, wanted: Situation) -> tuple[Persona, ...]:
        """See ``Cast``; no two of them share a sentence, and any ground and language will do.

        Minors appear as often as their share of the pool, where event and relation allow them.
        """
        relation, count, unattached = wanted.relation, wanted.count, wanted.unattached
        grown = self._adults
        if unattached or relation == "couple":
            grown = self._unattached if unattached else self._not_single
        minors = not wanted.adults_only and relation in FIRST_MINOR
        minors = minors and draws.below(len(self.personas)) < len(self._minors) and not unattached
        # All minors of a pool may share the sentence that tells their age; then adults are drawn.
        for first_minor in (FIRST_MINOR[relation], count) if minors else (count,):
            chosen: list[Persona] = []
            for speaker in range(count):
                pool = self._minors if speaker >= first_minor else grown
                if (persona := _unlike(draws, pool, chosen)) is None:
                    break
                chosen.append(persona)
            else:
                return tuple(chosen)
        raise ConfigurationError(
            f"{self.source}: too few personas that fit the relation '{relation}' "
            f"({len(pool)} of {len(self.personas)} do); add personas or leave out its events."
        )

    def genders(self, personas: Sequence[Persona], relation: str) -> tuple[str, ...]:
        return tuple(persona.trait("gender") for persona in personas)


def _unlike(draws: Draws, pool: Sequence[Persona], chosen: Sequence[Persona]) -> Persona | None:
    """One of ``pool`` that has no sentence in common with those chosen before."""
    said = {fact.casefold() for persona in chosen for fact in persona.facts}
    start = draws.below(len(pool)) if pool else 0
    for at in range(start, start + len(pool)):
        persona = pool[at % len(pool)]
        if said.isdisjoint(fact.casefold() for fact in persona.facts):
            return persona
    return None
