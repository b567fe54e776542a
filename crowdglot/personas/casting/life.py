"""What a persona's sentences and traits tell of a life, as far as casting asks for it."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from pydantic import Field

from crowdglot.personas.persona import ADULT, Persona
from crowdglot.strict_toml import Strict, read_toml, validate

FILE = Path(__file__).parent / "casting.toml"
Range = tuple[int, int]

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_NUMBERS = {word: number for number, word in enumerate(_UNITS)} | {
    word + unit: 20 + 10 * ten + number
    for ten, word in enumerate(_TENS)
    for number, unit in enumerate(["", *(f"-{unit}" for unit in _UNITS[1:10])])
}
_WORDS = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_AGE = re.compile(
    rf"\bi(?: am|['’]m| (?:just |recently )?turned| turn)(?: an?)?(?: \w+ of)? (\d{{1,2}}|{_WORDS})"
    r"(?:[ -]years?[ -]old|(?= (?:this|last|next|in) |[.,!]|$| and | but ))",
    re.IGNORECASE,
)


class Sign(Strict):
    """See the head of ``casting.toml``; topics are signs of which no rule speaks."""

    says: tuple[str, ...] = Field(min_length=1)
    ages: Range | None = None
    like: tuple[str, ...] = ()

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds it in lines of text."""
        return re.compile("|".join(self.says), re.IGNORECASE | re.MULTILINE)


class Rule(Strict):
    """Whom an age or a sign keeps out of a situation; see ``casting.toml``."""

    because: str
    relations: tuple[str, ...] = ()
    ground: str = ""
    speakers: str = "abcd"
    ages: Range | None = None
    never: tuple[str, ...] = ()


class PairRule(Strict):
    """Which two are not in a situation together; see ``casting.toml``."""

    because: str
    relations: tuple[str, ...] = ()
    ground: str = ""
    apart: Range | None = None
    clash: tuple[tuple[str, str], ...] = ()


class Casting(Strict):
    """The file ``casting.toml``."""

    signs: dict[str, Sign]
    rules: tuple[Rule, ...]
    pairs: tuple[PairRule, ...]
    topics: dict[str, Sign]


@cache
def casting() -> Casting:
    return validate(Casting, read_toml(FILE), FILE)


@dataclass(frozen=True, slots=True)
class Life:
    """``ages``: youngest and oldest that somebody may be. ``signs``: names of ``casting.toml``."""

    ages: Range
    signs: frozenset[str]


_ALIKE = ("interests", "attitude", "temper", "language_style", "warmth", "aspiration", "place")


def life_of(persona: Persona, meant: Collection[str] = ()) -> Life:
    """What the persona tells of its life. ``meant``: signs found by meaning beside."""
    signs = _found(casting().signs, persona, meant)
    return Life(_ages(persona, signs), signs)


def marks_of(persona: Persona) -> frozenset[str]:
    """Topics, and traits that make two people alike."""
    traits = {f"{one.key}: {one.value}" for one in persona.traits if one.key in _ALIKE}
    return _found(casting().topics, persona, ()) | traits


def _found(named: Mapping[str, Sign], persona: Persona, meant: Collection[str]) -> frozenset[str]:
    text = "\n".join((*persona.facts, *(f"{one.key}: {one.value}" for one in persona.traits)))
    found = (name for name, sign in named.items() if sign.pattern.search(text))
    return frozenset((*found, *named.keys() & meant))


def _ages(persona: Persona, signs: Iterable[str]) -> Range:
    """The age that is told, else what the signs leave open."""
    if age := persona.trait("age"):
        return int(age), int(age)
    for found in filter(None, map(_AGE.search, persona.facts)):
        age = found[1].lower()
        number = int(age) if age.isdecimal() else _NUMBERS[age]
        return number, number
    low, high = (4, ADULT - 1) if persona.minor else (ADULT, 110)
    for name in signs:
        if ages := casting().signs[name].ages:
            low, high = max(low, ages[0]), min(high, ages[1])
    return low, max(low, high)
