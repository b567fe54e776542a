"""Personas cast to a situation and to one another: who talks with whom."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import islice

from crowdglot.draws import Draws
from crowdglot.errors import ConfigurationError
from crowdglot.personas.casting.life import life_of, marks_of
from crowdglot.personas.casting.likeness import Manner, score, told
from crowdglot.personas.casting.rules import clash, rules_for, unfit
from crowdglot.personas.persona import Persona

# Relations in which minors may be planned, each with the first speaker who is one. All others are
# between adults, because a random pairing cannot take the care that a child's talk needs.
FIRST_MINOR = {"classmates": 0, "friends": 0, "siblings": 0, "parent_and_child": 1}
FITTING = "fitting"
_WIDTH = 12  # partners that are compared, where some are better than others


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


class PersonaPool:
    """All personas of a recipe, of whom the speakers of a scenario are drawn.

    ``casting``: "" for any whom the relation allows, whatever the ground and the language are;
    "fitting" for those whom nothing they say speaks against; else by what the best of several
    partners is taken (see ``likeness.score``). ``meant``: by a persona's id the signs found by
    meaning. ``source``: the recipe's key, for errors. ConfigurationError if there are fewer than
    two.
    """

    def __init__(
        self,
        personas: Sequence[Persona],
        source: str = "personas.source",
        casting: str = "",
        meant: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        if len(personas) < 2:
            raise ConfigurationError(
                f"{source}: {len(personas)} persona(s) found; give a source with at least two."
            )
        self.personas, self.source, self.casting = tuple(personas), source, casting
        self._minors = sum(one.minor for one in personas)
        self._bound = any(one.words for one in personas)
        found = meant or {}
        self._life = cache(lambda at: life_of(one := self.personas[at], found.get(one.id, ())))
        self._manner = cache(lambda at: Manner(marks_of(self.personas[at]), self._life(at).signs))
        self._said = lru_cache(maxsize=1 << 14)(
            lambda at: frozenset(fact.casefold() for fact in self.personas[at].facts)
        )
        self._fitting = lru_cache(maxsize=4096)(self._who_fits)

    def pick(self, draws: Draws, wanted: Situation) -> tuple[Persona, ...]:
        """As many personas as are wanted, no two of whom share a sentence.

        ConfigurationError where too few fit the situation and one another.
        """
        for pools in self._pools(draws, wanted):
            if chosen := self._seated(draws, pools, wanted):
                return tuple(self.personas[at] for at in chosen)
        relation, every = wanted.relation, len(self.personas)
        raise ConfigurationError(
            f"{self.source}: no {wanted.count} of the {every} personas fit together as "
            f"'{relation}'; add personas, leave out its events, or set personas.casting to \"\"."
            if self.casting
            else f"{self.source}: too few personas that fit the relation '{relation}' "
            f"({len(pools[0])} of {every} do); add personas or leave out its events."
        )

    def genders(self, personas: Sequence[Persona], relation: str) -> tuple[str, ...]:
        """The gender of each, "" where it may be any; where people are cast, their sentences tell
        it too, and that of "my husband" is told by the other."""
        if not self.casting:
            return tuple(one.trait("gender") for one in personas)
        lives = [self._life(self._at[one]) for one in personas]
        own = [
            _named(life.signs, female="female", male="male") or one.trait("gender")
            for life, one in zip(lives, personas, strict=True)
        ]
        if relation == "couple" and len(lives) == 2:
            mates = [_named(life.signs, husband="male", wife="female") for life in reversed(lives)]
            own = [gender or mate for gender, mate in zip(own, mates, strict=True)]
        return tuple(own)

    def why(self, personas: Sequence[Persona], relation: str) -> str:
        """A sentence on why these were cast; "" where any were drawn whom the relation allows."""
        if not self.casting:
            return ""
        ages = " and ".join(
            f"{low}" if low == high else f"{low}–{high}"
            for low, high in (self._life(self._at[one]).ages for one in personas)
        )
        line = f"cast as {relation.replace('_', ' ')}, aged {ages}: nothing they say is against it"
        if self.casting != FITTING and len(personas) > 1:
            how = told(self.casting, *map(self.manner, personas[:2]))
            line += f"; by {self.casting} the best of up to {_WIDTH}: {how}"
        return f"{line}."

    def manner(self, persona: Persona) -> Manner:
        return self._manner(self._at[persona])

    @cached_property
    def _at(self) -> dict[Persona, int]:
        return {one: at for at, one in enumerate(self.personas)}

    def _pools(self, draws: Draws, wanted: Situation) -> Iterator[list[tuple[int, ...]]]:
        """The numbers of those who may be each speaker; other ones where those are too few.

        Without casting minors appear as often as their share of the pool, where event and relation
        allow them. All of them may share the sentence that tells their age; then adults are drawn.
        """
        relation, count, language = wanted.relation, wanted.count, ""
        first_minor = count if wanted.adults_only else FIRST_MINOR.get(relation, count)
        rules: list[tuple[int, ...]] = [()] * count
        young: tuple[bool, ...] = (True,)
        firsts = [count]
        if self.casting:
            rules = [rules_for(relation, wanted.ground, speaker) for speaker in "abcd"[:count]]
            language = wanted.language if self._bound else ""
            young, firsts = (False, True), [count if wanted.unattached else first_minor]
        elif first_minor < count:
            minors = draws.below(len(self.personas)) < self._minors and not wanted.unattached
            firsts = [first_minor, count] if minors else firsts
        bond = "unattached" if wanted.unattached else relation if relation == "couple" else ""
        for first in firsts:
            yield [
                self._fitting(young if at >= first else (False,), bond, language, rules[at])
                for at in range(count)
            ]

    def _who_fits(
        self, minor: tuple[bool, ...], bond: str, language: str, rules: tuple[int, ...]
    ) -> tuple[int, ...]:
        return tuple(
            number
            for number, one in enumerate(self.personas)
            if one.minor in minor and not (bond == "unattached" and one.partnered)
            if bond != "couple" or not one.single
            if not language or all(trait.language in ("", language) for trait in one.traits)
            if not (rules and unfit(self._life(number), rules))
        )

    def _seated(
        self, draws: Draws, pools: Sequence[Sequence[int]], wanted: Situation
    ) -> list[int] | None:
        """One of each pool, which go together; None where there are none.

        In each pool a place to begin to look is drawn. Casting looks for others than the first
        speaker there, where nobody goes with that one.
        """
        starts: list[int] = []
        for step in range(len(pools[0]) if self.casting else 1):
            chosen: list[int] = []
            for at, pool in enumerate(pools):
                if at == len(starts):
                    starts.append(draws.below(len(pool)) if pool else 0)
                found = self._partner(pool, starts[at] + (0 if at else step), chosen, wanted)
                if found is None:
                    break
                chosen.append(found)
            else:
                return chosen
        return None

    def _partner(
        self, pool: Sequence[int], start: int, chosen: Sequence[int], wanted: Situation
    ) -> int | None:
        """The first from ``start`` on who goes with all chosen, or the best of the first few."""
        meeting = (
            one
            for one in (pool[at % len(pool)] for at in range(start, start + len(pool)))
            if all(self._meet(before, one, wanted) for before in chosen)
        )
        if not chosen or self.casting in ("", FITTING):
            return next(meeting, None)
        found, first = islice(meeting, _WIDTH), self._manner(chosen[0])
        return max(found, key=lambda at: score(self.casting, first, self._manner(at)), default=None)

    def _meet(self, first: int, second: int, wanted: Situation) -> bool:
        if not self.casting:
            return self._said(first).isdisjoint(self._said(second))
        alike = FIRST_MINOR.get(wanted.relation) == 0  # both minors, or neither
        if alike and self.personas[first].minor != self.personas[second].minor:
            return False
        lives = self._life(first), self._life(second)
        return self._said(first).isdisjoint(self._said(second)) and not clash(
            *lives, wanted.relation, wanted.ground
        )


def _named(signs: frozenset[str], **genders: str) -> str:
    """The gender that the first of some signs tells, or ""."""
    return next((gender for sign, gender in genders.items() if sign in signs), "")
