"""Personas as JSON lines of ours: facts, traits, and where each came from.

{"facts": ["I …", …], "traits": {"age": "34", "interests": ["chess", "rowing"],
"job": {"value": "bouquiniste", "language": "fr"}}, "origins": {"facts": ["A3", …],
"traits": {"age": ["A5"]}}}. "traits" and "origins" may be missing; origins are as many as the facts
or the values they are of, "" for one of which nothing is known.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from crowdglot.errors import ConfigurationError, MaterialError
from crowdglot.languages.language import resolve_language
from crowdglot.personas.persona import MOST_TOLD, Persona, persona_of
from crowdglot.personas.traits import Trait, fault_of
from crowdglot.printable import name_shown
from crowdglot.user_files import checked_object, json_lines

ROW = ("key", "value", "language")  # of a trait, in a row
FIELDS = ("facts", "traits", "origins")


def read_personas(path: Path) -> tuple[Persona, ...]:
    """All personas of the file, in order and without repetition.

    MaterialError names file, line and field where one is missing, empty, misspelt or contradicts
    itself.
    """
    personas: dict[Persona, None] = {}
    for where, read in json_lines(path):
        personas[read_persona(checked_object(read, where, FIELDS), where)] = None
    return tuple(personas)


def read_persona(record: Mapping[str, Any], where: str, *, english: bool = True) -> Persona:
    """The persona of one record; MaterialError as above, ``where`` names it."""
    if "facts" not in record:
        raise MaterialError(f"{where}: field 'facts' is missing; give a list of sentences.")
    bare = persona_of(record["facts"], where, "facts", english=english)
    origins = record.get("origins") or {}
    if not isinstance(origins, dict) or origins.keys() - {"facts", "traits"}:
        raise MaterialError(f"{where}: field 'origins' is not {{'facts': …, 'traits': …}}.")
    told = _texts(origins.get("facts"), len(bare.facts), "origins.facts", where)
    traits = _traits(record.get("traits") or {}, origins.get("traits") or {}, where)
    if fault := fault_of(traits):
        raise MaterialError(f"{where}: {fault}")
    return replace(bare, traits=traits, origins=told if any(told) else ())


def row_traits(told: Any, where: str) -> dict[str, list[Trait]]:
    """By speaker, in lower case, the traits in a row of a dataset of ours.

    None where the column is another one. MaterialError where they are not declared, or contradict
    each other.
    """
    found: dict[str, list[Trait]] = {}
    names = {"speaker", *ROW}
    if isinstance(told, list) and all(isinstance(one, dict) for one in told):
        for one in (one for one in told if one.keys() == names):
            values = [str(one[name] or "") for name in ROW]
            found.setdefault(str(one["speaker"]).casefold(), []).append(Trait(*values))
    for traits in found.values():
        if fault := fault_of(traits):
            raise MaterialError(f"{where}: {fault}")
    return found


def as_line(persona: Persona) -> str:
    """The line that ``read_personas`` reads as this persona, without its end."""
    values, origins = dict[str, list[Any]](), dict[str, list[str]]()
    for one in persona.traits:
        value = {"value": one.value, "language": one.language} if one.language else one.value
        values.setdefault(one.key, []).append(value)
        origins.setdefault(one.key, []).append(one.origin)
    traits = {key: some[0] if len(some) == 1 else some for key, some in values.items()}
    told = {key: some for key, some in origins.items() if any(some)}
    from_where = {"facts": persona.origins, "traits": told}
    record = {
        "facts": persona.facts,
        "traits": traits,
        "origins": {key: some for key, some in from_where.items() if some},
    }
    return json.dumps({key: some for key, some in record.items() if some}, ensure_ascii=False)


def _traits(told: Any, origins: Any, where: str) -> tuple[Trait, ...]:
    if not isinstance(told, dict) or not isinstance(origins, dict):
        raise MaterialError(f"{where}: field 'traits' is not an object of keys and values.")
    traits: list[Trait] = []
    for key, value in told.items():
        values = value if isinstance(value, list) else [value]
        if len(values) > MOST_TOLD:
            raise MaterialError(
                f"{where}: trait '{name_shown(key)}' has more than {MOST_TOLD:,} values; divide it."
            )
        own = [_trait(key, one, where) for one in values]
        field = f"origins.traits.{name_shown(key)}"
        texts = _texts(origins.get(key), len(own), field, where)
        traits += map(lambda one, origin: replace(one, origin=origin), own, texts)
    return tuple(traits)


def _trait(key: str, value: Any, where: str) -> Trait:
    match value:
        case {"value": str(word), "language": str(tag), **rest} if not rest:
            try:
                return Trait(key, word.strip(), resolve_language(tag).tag)
            except ConfigurationError as error:
                raise MaterialError(f"{where}: trait '{name_shown(key)}': {error}") from None
        case str():
            return Trait(key, value.strip())
        case int() if not isinstance(value, bool):
            return Trait(key, str(value))
    raise MaterialError(
        f"{where}: trait '{name_shown(key)}' is no text, number, list of these, or "
        '{"value": …, "language": …}; write it so.'
    )


def _texts(told: Any, count: int, field: str, where: str) -> tuple[str, ...]:
    """As many texts as there are values; MaterialError where there are more, fewer or others."""
    if told is None:
        return ("",) * count
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        raise MaterialError(f"{where}: field '{field}' is not a list of texts; make it one.")
    if len(told) != count:
        raise MaterialError(
            f"{where}: field '{field}' has {len(told)} texts for {count} values; give one each."
        )
    return tuple(told)
