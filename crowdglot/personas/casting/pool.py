"""Personas cast to a situation and to one another."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from itertools import chain, islice

from crowdglot.draws import Draws
from crowdglot.errors import ConfigurationError
from crowdglot.personas.casting.life import life_of, marks_of
from crowdglot.personas.casting.likeness import Manner, score, told
from crowdglot.personas.casting.rules import clash, rules_for, unfit
from crowdglot.personas.pairing import FIRST_MINOR, PersonaPool, Situation
from crowdglot.personas.persona import Persona

FITTING = "fitting"
_WIDTH = 12  # partners that are compared, where some are better than others


class CastPool:
    """All personas of a recipe, of whom those are drawn that fit.

    ``by``: "fitting", or by what the best of several partners is taken (see ``likeness.score``).
    ``meant``: by a persona's id the signs found by meaning. Else as ``PersonaPool``.
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
        self._words = [{word.language for word in one.traits} - {""} for one in self.personas]
        self._fitting = lru_cache(maxsize=4096)(self._who_fits)
        self._manner = cache(lambda at: Manner(marks_of(self.personas[at]), self._lives[at].signs))

    def pick(self, draws: Draws, wanted: Situation) -> tuple[Persona, ...]:
        """Personas who fit the situation and one another; ConfigurationError where nobody does.

        The first is drawn, and for each other one a place to begin to look.
        """
        relation, ground, count = wanted.relation, wanted.ground, wanted.count
        kind = replace(wanted, ground="", language=wanted.language if any(self._words) else "")
        pools = [
            self._fitting(at, kind, rules_for(relation, ground, "abcd"[at])) for at in range(count)
        ]
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
            _named(life.signs, female="female", male="male") or one.trait("gender")
            for life, one in zip(lives, personas, strict=True)
        ]
        if relation == "couple" and len(lives) == 2:
            mates = [_named(life.signs, husband="male", wife="female") for life in reversed(lives)]
            own = [gender or mate for gender, mate in zip(own, mates, strict=True)]
        return tuple(own)

    def why(self, personas: Sequence[Persona], relation: str) -> str:
        lives = [self._lives[self._at[one]] for one in personas]
        ages = " and ".join(
            f"{low}" if low == high else f"{low}–{high}"
            for low, high in (life.ages for life in lives)
        )
        line = f"cast as {relation.replace('_', ' ')}, aged {ages}: nothing they say is against it"
        if self.by != FITTING and len(lives) > 1:
            how = told(self.by, *map(self.manner, personas[:2]))
            line += f"; by {self.by} the best of up to {_WIDTH}: {how}"
        return f"{line}."

    def manner(self, persona: Persona) -> Manner:
        return self._manner(self._at[persona])

    def _partner(
        self, pool: Sequence[int], start: int, chosen: Sequence[int], relation: str, ground: str
    ) -> int | None:
        """The best of the first few who go with all chosen, from ``start`` on; None where none."""
        meeting = (
            at
            for at in chain(islice(pool, start, None), islice(pool, start))
            if all(self._meet(one, at, relation, ground) for one in chosen)
        )
        if self.by == FITTING:
            return next(meeting, None)
        found, first = islice(meeting, _WIDTH), self._manner(chosen[0])
        return max(found, key=lambda at: score(self.by, first, self._manner(at)), default=None)

    def _meet(self, first: int, second: int, relation: str, ground: str) -> bool:
        alike = FIRST_MINOR.get(relation) == 0  # both minors, or neither
        if alike and self.personas[first].minor != self.personas[second].minor:
            return False
        lives = self._lives[first], self._lives[second]
        return self._said[first].isdisjoint(self._said[second]) and not clash(
            *lives, relation, ground
        )

    def _who_fits(self, at: int, wanted: Situation, rules: tuple[int, ...]) -> tuple[int, ...]:
        """The numbers of those who may be speaker number ``at``, from 0."""
        relation, unattached, language = wanted.relation, wanted.unattached, wanted.language
        grown = wanted.adults_only or unattached or at < FIRST_MINOR.get(relation, at + 1)
        return tuple(
            number
            for number, one in enumerate(self.personas)
            if not (grown and one.minor) and not (unattached and one.partnered)
            if unattached or relation != "couple" or not one.single
            if not language or self._words[number] <= {language}
            if not unfit(self._lives[number], rules)
        )


def _named(signs: frozenset[str], **genders: str) -> str:
    """The gender that the first of some signs tells, or ""."""
    return next((gender for sign, gender in genders.items() if sign in signs), "")
