"""A persona: three to six short first-person sentences about one person (PersonaChat)."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

from crowdglot.errors import MaterialError
from crowdglot.personas.normalise import normalise_fact
from crowdglot.personas.traits import ENDED, MINOR, PARTNERED, SINGLE


@dataclass(frozen=True)
class Persona:
    """Who a speaker is. ``facts``: English first-person sentences, at least one, none empty."""

    facts: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.facts or not all(fact.strip() for fact in self.facts):
            raise ValueError("a persona needs at least one sentence, and none may be empty")

    @cached_property
    def id(self) -> str:
        """A name that depends on the facts alone, so that it is the same in every source."""
        return blake2b("\n".join(self.facts).encode(), digest_size=6).hexdigest()

    @cached_property
    def minor(self) -> bool:
        """Whether a sentence says that this is a child or a pupil."""
        return any(map(MINOR.search, self.facts))

    @cached_property
    def partnered(self) -> bool:
        """Whether a sentence speaks of the person's own spouse or partner of today."""
        return any(PARTNERED.search(fact) and not ENDED.search(fact) for fact in self.facts)

    @cached_property
    def single(self) -> bool:
        """Whether a sentence says that the person has no partner."""
        return any(SINGLE.search(fact) or ENDED.search(fact) for fact in self.facts)


def persona_of(facts: object, where: str, field: str, *, english: bool = True) -> Persona:
    """The persona of a list of sentences, normalised; MaterialError if one is empty or no text.

    ``where`` and ``field``: the record and its field, for errors.
    """
    if not isinstance(facts, list | tuple) or not all(isinstance(fact, str) for fact in facts):
        raise MaterialError(f"{where}: field '{field}' is not a list of sentences; make it one.")
    if not facts:
        raise MaterialError(
            f"{where}: field '{field}' is an empty persona; give it at least one sentence."
        )
    mended = tuple(normalise_fact(fact, english=english) for fact in facts)
    if "" in mended:
        raise MaterialError(
            f"{where}: sentence {mended.index('') + 1} of field '{field}' is empty; write it or "
            "delete it."
        )
    return Persona(mended)
