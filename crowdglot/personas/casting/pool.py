"""Personas cast to a situation and to one another."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from crowdglot.draws import Draws
from crowdglot.errors import ConfigurationError
from crowdglot.personas.casting.life import life_of
from crowdglot.personas.casting.likeness import score, told
from crowdglot.personas.casting.rules import clash, unfit
from crowdglot.personas.pairing import FIRST_MINOR, PersonaPool
from crowdglot.personas.persona import Persona

FITTING = "fitting"
_WIDTH = 12  # partners that are compared, where some are better than others


class CastPool:
    """All personas of a recipe, of whom those are drawn that fit.

    ``by``: "fitting", or by what the best of several partners is taken (see ``likeness.score``).
    ``meant``: by a persona's id the signs and topics found by meaning. Else as ``PersonaPool``.
    """

    def __init__(
        self,
        personas: Sequence[Persona],
        source: str,
        by: str = FITTING,
        meant: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.personas = PersonaPool(personas, source).personas
        self.source, self.by = source, by
        found = meant or {}
        self._lives = [life_of(one, found.get(one.id, ())) for one in self.personas]
        self._said = [frozenset(fact.casefold() for fact in one.facts) for one in self.personas]
        self._at = {one: at for at, one in enumerate(self.personas)}
        self._fitting = lru_cache(maxsize=8192)(self._who_fits)

    def pick(
        self,
        draws: Draws,
        *,
        relation: str,
        count: int,
        adults_only: bool,
        unattached: bool,
        ground: str = "",
        language: str = "",
    ) -> tuple[Persona, ...]:
        """``count`` personas who fit the situation and one another.

        The first is drawn, and for each other one a place to begin to look. ``ground``: see
        ``rules.unfit``. ``language``: the tag of what they speak. ConfigurationError where nobody
        fits.
        """
        kind = (relation, ground, language, adults_only, unattached)
        pools = [self._fitting("abcd"[at], kind) for at in range(count)]
        starts = [draws.below(len(pool)) if pool else 0 for pool in pools]
        for step in range(len(pools[0])):
            chosen = [pools[0][(starts[0] + step) % len(pools[0])]]
            for pool, start in zip(pools[1:], starts[1:], strict=True):
                partner = self._partner(pool, start, chosen, relation, ground)
                if partner is None:
                    break
                chosen.append(partner)
            else:
                return tuple(self.personas[at] for at in chosen)
        raise ConfigurationError(
            f"{self.source}: no {count} of the {len(self.personas)} personas fit together as "
            f"'{relation}'; add personas, leave out its events, or set personas.casting to \"\"."
        )

    def genders(self, personas: Sequence[Persona], relation: str) -> tuple[str, ...]:
        """The gender of each, "" where it may be any; that of "my husband" is told by the other."""
        lives = [self._lives[self._at[one]] for one in personas]
        own = [
            _gender(life.signs) or one.trait("gender")
            for life, one in zip(lives, personas, strict=True)
        ]
        if relation == "couple" and len(lives) == 2:
            mates = [_mate(life.signs) for life in reversed(lives)]
            own = [gender or mate for gender, mate in zip(own, mates, strict=True)]
        return tuple(own)

    def why(self, personas: Sequence[Persona], relation: str) -> str:
        """One line on why they were cast."""
        lives = [self._lives[self._at[one]] for one in personas]
        ages = " and ".join(
            f"{low}" if low == high else f"{low}–{high}"
            for low, high in (life.ages for life in lives)
        )
        line = f"cast as {relation.replace('_', ' ')}, aged {ages}: nothing they say is against it"
        if self.by != FITTING and len(lives) > 1:
            line += (
                f"; by {self.by} the best of up to {_WIDTH}: {told(self.by, lives[0], lives[1])}"
            )
        return f"{line}."

    def _partner(
        self, pool: Sequence[int], start: int, chosen: Sequence[int], relation: str, ground: str
    ) -> int | None:
        """The best of the first few who go with all chosen, from ``start`` on; None where none."""
        found: list[int] = []
        width = 1 if self.by == FITTING else _WIDTH
        for step in range(len(pool)):
            at = pool[(start + step) % len(pool)]
            if all(self._meet(one, at, relation, ground) for one in chosen):
                found.append(at)
                if len(found) == width:
                    break
        lives = self._lives
        return max(found, key=lambda at: score(self.by, lives[chosen[0]], lives[at]), default=None)

    def _meet(self, first: int, second: int, relation: str, ground: str) -> bool:
        alike = FIRST_MINOR.get(relation) == 0  # both minors, or neither
        if alike and self.personas[first].minor != self.personas[second].minor:
            return False
        lives = self._lives[first], self._lives[second]
        return self._said[first].isdisjoint(self._said[second]) and not clash(
            *lives, relation, ground
        )

    def _who_fits(self, speaker: str, kind: tuple[str, str, str, bool, bool]) -> tuple[int, ...]:
        relation, ground, language, adults_only, unattached = kind
        first_minor = len("abcd") if adults_only or unattached else FIRST_MINOR.get(relation, 4)
        return tuple(
            at
            for at, (one, life) in enumerate(zip(self.personas, self._lives, strict=True))
            if not (one.minor and "abcd".index(speaker) < first_minor)
            if not (unattached and one.partnered)
            if not (relation == "couple" and not unattached and one.single)
            if all(trait.language in ("", language) for trait in one.traits)
            if not unfit(life, relation, ground, speaker)
        )


def _gender(signs: frozenset[str]) -> str:
    return next((gender for gender in ("female", "male") if gender in signs), "")


def _mate(signs: frozenset[str]) -> str:
    """The gender of the person that "my husband" or "my wife" is."""
    return "male" if "husband" in signs else "female" if "wife" in signs else ""
