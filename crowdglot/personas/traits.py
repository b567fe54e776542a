"""Traits of a persona: keys and values beside its sentences, declared in ``traits.toml``.

A trait says for a program what a sentence says for a reader: who may meet whom is decided by it,
and what a judge should find in the talk.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from pydantic import Field, model_validator

from crowdglot.printable import name_shown, names_shown
from crowdglot.strict_toml import Strict, read_toml, validate
from crowdglot.user_files import unprintable

FILE = Path(__file__).parent / "traits.toml"
_MOST_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Trait:
    """One value of a declared key. A key with several values is several traits.

    ``language``: the BCP-47 tag of a value that is a word of that language and must be said in it,
    such as ("job", "bouquiniste", "fr"). ``origin``: where it came from, such as a turn ("A3") or
    the name of a source; it makes no other trait.
    """

    key: str
    value: str
    language: str = ""
    origin: str = field(default="", compare=False)


class Key(Strict):
    """What a key may say: one of ``values``, a whole number from ``least`` to ``most``, or a text.

    ``several``: more than one value may stand. ``manner``: it is how somebody talks, no fact.
    """

    values: tuple[str, ...] = ()
    least: int = 0
    most: int = 0
    several: bool = False
    manner: bool = False

    def fault(self, value: str) -> str:
        """What is wrong with a value, as the end of a sentence; "" where nothing is."""
        if self.values and value not in self.values:
            return f"is '{name_shown(value)}'; choose one of: {', '.join(self.values)}"
        number = int(value) if value.isdecimal() and len(value) < 10 else -1
        if self.most and not self.least <= number <= self.most:
            shown = name_shown(value)
            return f"is '{shown}'; give a whole number from {self.least} to {self.most}"
        if not value.strip() or len(value) > _MOST_CHARACTERS or unprintable(value):
            return f"is empty, or no text of at most {_MOST_CHARACTERS} characters; write it"
        return ""


class Contradiction(Strict):
    """Traits that nobody has together: ``age``: a range; the others: values of that key.

    ``apart``: of one key that may have several values, the lists of which not two may have one.
    """

    because: str
    age: tuple[int, int] | None = None
    values: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    apart: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = Field(default_factory=dict)

    def holds(self, told: Mapping[str, Sequence[str]]) -> bool:
        if self.age and not any(self.age[0] <= int(age) <= self.age[1] for age in told["age"]):
            return False
        return all(set(told[key]) & set(values) for key, values in self.values.items()) and all(
            all(set(told[key]) & set(side) for side in sides) for key, sides in self.apart.items()
        )


class Declared(Strict):
    """The file ``traits.toml``."""

    keys: dict[str, Key]
    contradictions: tuple[Contradiction, ...]

    @model_validator(mode="after")
    def _known(self) -> "Declared":
        for rule in self.contradictions:
            for key in {*rule.values, *rule.apart} - set(self.keys):
                raise ValueError(f"'contradictions' names the unknown key '{key}'")
        return self


@lru_cache(maxsize=1)
def declared() -> Declared:
    """All keys in their order, and what contradicts what."""
    return validate(Declared, read_toml(FILE), FILE)


def values_of(traits: Iterable[Trait], key: str) -> tuple[str, ...]:
    return tuple(trait.value for trait in traits if trait.key == key)


def fault_of(traits: Sequence[Trait], also: Sequence[Contradiction] = ()) -> str:
    """What is wrong with traits, as a sentence without its beginning; "" where nothing is.

    An unknown key, a value that is not declared, one value too many, or a contradiction, of those
    declared or of ``also``.
    """
    keys = declared().keys
    for trait in traits:
        if trait.key not in keys:
            return f"unknown trait '{name_shown(trait.key)}'; known: {names_shown(list(keys))}."
        if fault := keys[trait.key].fault(trait.value):
            return f"trait '{trait.key}' {fault}."
    told = {key: values_of(traits, key) for key in keys}
    for key, values in told.items():
        if len(values) > 1 and not keys[key].several:
            return f"trait '{key}' has {len(values)} values; give one."
    for rule in (*declared().contradictions, *also):
        if rule.holds(told):
            parts = ["age"] * (rule.age is not None) + [*rule.values, *rule.apart]
            said = " and ".join(f"{key} '{', '.join(told[key])}'" for key in parts)
            return f"traits contradict each other ({said}): {rule.because}; change one."
    return ""
