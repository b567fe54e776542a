"""Who talks with whom: personas drawn so that the relation between the speakers is plausible."""

from collections.abc import Sequence

from crowdglot.draws import Draws
from crowdglot.errors import ConfigurationError
from crowdglot.personas.persona import Persona

# Relations in which a minor may be planned. All others are between adults, because a random pairing
# cannot take the care that a child's talk with anyone else needs.
_BOTH_MINORS = frozenset({"classmates", "friends", "siblings"})
_CHILD_IS_MINOR = frozenset({"parent_and_child"})


class PersonaPool:
    """All personas of a recipe, grouped by the relations that they fit."""

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

    def candidates(
        self, relation: str, speaker: int, *, minors: bool, unattached: bool
    ) -> tuple[Persona, ...]:
        """Who may be speaker number ``speaker`` in ``relation``.

        ``minors``: whether this scenario is one among minors, or, between parent and child, whether
        the child is a minor.
        """
        if unattached:
            return self._unattached
        if relation == "couple":
            return self._not_single
        if minors and relation in _BOTH_MINORS:
            return self._minors
        if minors and relation in _CHILD_IS_MINOR and speaker > 0:
            return self._minors
        return self._adults

    def pick(
        self,
        draws: Draws,
        *,
        relation: str,
        count: int,
        adults_only: bool,
        unattached: bool,
    ) -> tuple[Persona, ...]:
        """``count`` personas, no two of which share a sentence.

        Minors appear as often as their share of the pool, where event and relation allow them.
        Raises ConfigurationError where the pool has too few personas of the kind needed.
        """
        minors = False
        if not adults_only and relation in _BOTH_MINORS | _CHILD_IS_MINOR:
            minors = draws.below(len(self.personas)) < len(self._minors)
        # The few minors of a pool may all share the sentence with their age; then adults are drawn.
        for among_minors in (True, False) if minors else (False,):
            chosen: list[Persona] = []
            for speaker in range(count):
                pool = self.candidates(
                    relation, speaker, minors=among_minors, unattached=unattached
                )
                if (persona := _unlike(draws, pool, chosen)) is None:
                    break
                chosen.append(persona)
            else:
                return tuple(chosen)
        raise ConfigurationError(
            f"{self.source}: too few personas that fit the relation '{relation}' "
            f"({len(pool)} of {len(self.personas)} do); add personas or leave out its events."
        )


def _unlike(draws: Draws, pool: Sequence[Persona], chosen: Sequence[Persona]) -> Persona | None:
    """One of ``pool`` that has no sentence in common with those chosen before."""
    said = {fact.casefold() for persona in chosen for fact in persona.facts}
    size = len(pool)
    start = draws.below(size) if size else 0
    for step in range(size):
        persona = pool[(start + step) % size]
        if said.isdisjoint(fact.casefold() for fact in persona.facts):
            return persona
    return None
