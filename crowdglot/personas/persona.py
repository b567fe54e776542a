"""A persona: three to six short first-person sentences about one person (PersonaChat)."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

from crowdglot.personas.traits import is_minor, is_partnered, is_single


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
        """Whether this is a child or a pupil."""
        return is_minor(self.facts)

    @cached_property
    def partnered(self) -> bool:
        """Whether the person has a spouse or partner today."""
        return is_partnered(self.facts)

    @cached_property
    def single(self) -> bool:
        """Whether the person has no partner."""
        return is_single(self.facts)
