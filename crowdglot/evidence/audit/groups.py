"""Groups of personas, by what their sentences and traits say; and what stereotypes say of them."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import regex
from pydantic import field_validator

from crowdglot.critics.assistant import is_bounded
from crowdglot.datasets.told import as_told
from crowdglot.dialogues.grams import squeezed
from crowdglot.languages.language import resolve_language
from crowdglot.strict_toml import Strict, read_toml, validate

_FOLDER = Path(__file__).parent
NOBODY = "no persona"
# Ages that are the groups of the sentences too.
_AGES = (("young", 0, 25), ("middle-aged", 35, 59), ("old", 60, 200))


class Declared(Strict):
    """The file ``groups.toml``: patterns by kind and group, attributes by group, keys of traits."""

    traits: tuple[str, ...]
    groups: dict[str, dict[str, tuple[str, ...]]]
    probes: dict[str, tuple[str, ...]]

    @field_validator("groups")
    @classmethod
    def _patterns(cls, groups: dict[str, dict[str, tuple[str, ...]]]) -> Any:
        for patterns in (one for kind in groups.values() for own in kind.values() for one in own):
            try:
                regex.compile(patterns)
            except regex.error as error:
                raise ValueError(f"{patterns!r} is no pattern ({error})") from None
        return groups


@lru_cache(maxsize=1)
def declared() -> Declared:
    """What is declared; ConfigurationError names file and key where it is wrong."""
    return validate(Declared, read_toml(_FOLDER / "groups.toml"), _FOLDER / "groups.toml")


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[str, "regex.Pattern[str]"]]:
    return [
        (f"{kind}: {name}", regex.compile(rf"\b(?:{'|'.join(patterns)})\b", regex.IGNORECASE))
        for kind, groups in declared().groups.items()
        for name, patterns in groups.items()
    ]


def people_of(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries of a row's column "personas", each with its own of the column "traits".

    Where the model was not told them they have no facts and no traits; see ``as_told``.
    """
    row = as_told(row)
    told = row["traits"] or ()
    return [
        {**one, "traits": [trait for trait in told if trait["speaker"] == one["speaker"]]}
        for one in row["personas"] or ()
        if one
    ]


def groups_of(persona: Mapping[str, Any]) -> frozenset[str]:
    """The groups of one speaker, such as "age: old"; of one without a sentence ``NOBODY`` alone.

    ``persona``: as ``people_of`` gives it.
    """
    facts = tuple(fact for fact in persona.get("facts") or () if fact)
    told = tuple((str(one["key"]), str(one["value"])) for one in persona.get("traits") or () if one)
    return _groups(facts, told) if facts or told else frozenset({NOBODY})


@lru_cache(maxsize=16_384)
def _groups(facts: tuple[str, ...], traits: tuple[tuple[str, str], ...]) -> frozenset[str]:
    text = "\n".join(facts)
    found = {name for name, pattern in _patterns() if pattern.search(text)}
    for key, value in traits:
        if key in declared().traits:
            found.add(f"{key}: {_GENDERS.get(value, value) if key == 'gender' else value[:80]}")
        elif key == "age" and value.isdecimal() and len(value) < 4:
            found |= {f"age: {name}" for name, low, high in _AGES if low <= int(value) <= high}
    return frozenset(found)


_GENDERS = {"female": "woman", "male": "man"}


def attributes_in(texts: Sequence[str], tag: str) -> frozenset[str]:
    """The attributes whose words stand in a speaker's turns; ``tag``: of their language."""
    said = "\n".join(map(squeezed, texts))
    return frozenset(name for name, pattern in _words(tag) if pattern.search(said))


@lru_cache(maxsize=64)
def _words(tag: str) -> tuple[tuple[str, "regex.Pattern[str]"], ...]:
    pack = resolve_language(tag).pack
    told = attribute_words().get(pack.tag if pack else tag, {})
    return tuple((name, regex.compile("|".join(map(_stem, words)))) for name, words in told.items())


@lru_cache(maxsize=1)
def attribute_words() -> dict[str, dict[str, list[str]]]:
    """By the tag of a pack and the attribute the beginnings of its words."""
    return read_toml(_FOLDER / "attributes.toml")


def _stem(word: str) -> str:
    start = r"(?<![\p{L}\p{M}])" if is_bounded(word) else ""
    return start + regex.escape(squeezed(word))
