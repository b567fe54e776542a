"""Personas in what users bring: a list of sentences becomes a persona."""

from crowdglot.errors import MaterialError
from crowdglot.personas.normalise import normalise_fact
from crowdglot.personas.persona import Persona


def persona_of(facts: object, where: str, field: str, *, english: bool = True) -> Persona:
    """The persona of a list of sentences, normalised; MaterialError if one is empty or no text."""
    if not isinstance(facts, list | tuple) or not all(isinstance(fact, str) for fact in facts):
        raise MaterialError(f"{where}: field '{field}' is not a list of sentences; make it one.")
    if not facts:
        raise MaterialError(
            f"{where}: field '{field}' is an empty persona; give it at least one sentence."
        )
    mended = tuple(normalise_fact(fact, english=english) for fact in facts)
    for number, fact in enumerate(mended, start=1):
        if not fact:
            raise MaterialError(
                f"{where}: sentence {number} of field '{field}' is empty; write it or delete it."
            )
    return Persona(mended)
