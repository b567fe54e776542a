"""The personas that come with crowdglot."""

from functools import lru_cache
from pathlib import Path

from crowdglot.personas.lines import read_personas
from crowdglot.personas.persona import Persona
from crowdglot.personas.sources import SourceSettings

BUNDLED = Path(__file__).parent / "bundled.jsonl"


@lru_cache(maxsize=1)
def bundled_personas() -> tuple[Persona, ...]:
    return read_personas(BUNDLED)


def make(settings: SourceSettings) -> tuple[Persona, ...]:
    return bundled_personas()
