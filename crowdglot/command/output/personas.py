"""Personas in the terminal, and what a model made of them."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.panel import Panel
from rich.text import Text

from crowdglot.command.output.console import console
from crowdglot.datasets.storage.files import write_text
from crowdglot.errors import ConfigurationError
from crowdglot.personas.lines import as_line
from crowdglot.personas.persona import Persona
from crowdglot.printable import one_line
from crowdglot.writing.personas.made import Made, beside, fingerprint, made_as, write_made

_MOST = 400  # characters of a sentence, a value, an origin


def print_made(path: Path, made: Made) -> None:
    """Write what was made, and print where it is and what was refused."""
    write_made(path, made)
    console.print(_counted(path, made.personas), soft_wrap=True)
    if made.refused:
        counts = ", ".join(f"{reason} {count}" for reason, count in made.reasons.items())
        where = one_line(beside(path, "refused.jsonl"))
        console.print(Text(f"Refused: {counts}; see {where}."), soft_wrap=True)


def print_lines(personas: Sequence[Persona], path: Path | None) -> None:
    """Personas as a recipe's file of them: on the terminal, or written where nothing stands yet."""
    lines = "".join(f"{as_line(persona)}\n" for persona in personas)
    if path is None:
        sys.stdout.write(lines)
        return
    if path.exists() and path.read_bytes() != lines.encode():
        raise ConfigurationError(f"{path}: is there already; give another --output.")
    write_text(path, lines)
    console.print(_counted(path, personas), soft_wrap=True)


def print_personas(source: str, personas: Sequence[Persona], first: int, count: int) -> None:
    """Some personas, then how many there are, their fingerprint, and what made the file."""
    for number, persona in enumerate(personas[first : first + count], start=first):
        console.print(Panel(_told(persona), title=Text(f"{number} · {persona.id}"),
                            title_align="left"))  # fmt: skip
    made = made_as(Path(source), personas)
    console.print(_counted(source, personas).append(f" {made}" if made else ""), soft_wrap=True)


def _counted(source: Path | str, personas: Sequence[Persona]) -> Text:
    mark = fingerprint(personas)
    return Text(f"{one_line(source)}: {len(personas)} personas, fingerprint {mark}.")


def _told(persona: Persona) -> Text:
    text = Text()
    for at, fact in enumerate(persona.facts):
        text.append(f"{one_line(fact, _MOST)}\n")
        if persona.origins and persona.origins[at]:
            text.append(f"   {one_line(persona.origins[at], _MOST)}\n", style="dim")
    for trait in persona.traits:
        said = f"{trait.value} ({trait.language})" if trait.language else trait.value
        text.append(f"{trait.key.replace('_', ' ')}: ", style="bold")
        text.append(one_line(said, _MOST))
        text.append(f"   {one_line(trait.origin, _MOST)}\n" if trait.origin else "\n", style="dim")
    text.rstrip()
    return text
