"""Where personas come from. One module a source; its name is its value in the recipe.

A source is a pure function of its settings. A recipe may also name a file of personas or dialogues,
a repository of the hub, or "demonstrations"; those are read by ``dialogues.readers``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from crowdglot.personas.persona import Persona

SOURCES = {
    name: f"crowdglot.personas.sources.{name}"
    for name in ("bundled", "profiles", "bank", "characters")
}


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """``seed``: the recipe's. ``count``: how many personas, 0 for as many as the source likes.
    ``data``: a TOML of the user's in the place of ours, or None."""

    seed: int = 0
    count: int = 0
    data: Path | None = None


def made_personas(name: str, settings: SourceSettings) -> tuple[Persona, ...]:
    """The personas of the source of that name, which is one of ``SOURCES``.

    ConfigurationError where its data are wrong, empty, or give too few different personas.
    """
    make = import_module(SOURCES[name]).make
    return cast(Callable[[SourceSettings], tuple[Persona, ...]], make)(settings)
