"""The file of personas that a model made, and beside it what made them and what was refused.

FILE holds the personas, a line each; FILE.made.json the fingerprint, the models and the counts;
FILE.refused.jsonl every refusal with its reason; FILE.calls every answer of the models, so that who
was stopped goes on and asks nothing twice.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from crowdglot import __version__
from crowdglot.bounded_files import decoded
from crowdglot.datasets.storage.files import write_json, write_text
from crowdglot.errors import ConfigurationError, MaterialError
from crowdglot.personas.lines import as_line, read_personas
from crowdglot.personas.persona import Persona
from crowdglot.printable import name_shown
from crowdglot.writing.judging.asker import Asker, asking
from crowdglot.writing.recipe import Recipe

_MOST_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the model wrote and is not taken: its reason, by which it is counted, the words, and
    what they were held against."""

    reason: str
    text: str = ""
    against: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """Personas, with what is told of their making, by name."""

    personas: tuple[Persona, ...]
    refused: tuple[Refusal, ...]
    about: Mapping[str, Any]

    @property
    def reasons(self) -> dict[str, int]:
        """How often each reason, the most frequent first."""
        return dict(Counter(one.reason for one in self.refused).most_common())


def fingerprint(personas: Iterable[Persona]) -> str:
    """A hash of a list of personas: what scenarios can depend on."""
    digest = blake2b(digest_size=8)
    for persona in personas:
        digest.update(persona.id.encode())
    return digest.hexdigest()


def calls_of(path: Path) -> Path:
    """The journal of the model's answers for this file."""
    return beside(path, "calls")


def beside(path: Path, what: str) -> Path:
    """The file beside this one that tells of it."""
    return path.with_name(f"{path.name}.{what}")


def check_output(path: Path) -> None:
    """ConfigurationError where something else stands there that would be lost."""
    if path.is_dir() or (path.exists() and not calls_of(path).exists()):
        raise ConfigurationError(
            f"{path}: is there already, and none of these answers made it; give another --output."
        )


@asynccontextmanager
async def writer_and_judge(recipe: Recipe, output: Path) -> AsyncIterator[tuple[Asker, Asker]]:
    """The recipe's engine and its judging model, which are one where it names no other.

    Their answers are kept beside the file ``output``. Raises what the engines raise, and
    StorageError.
    """
    async with AsyncExitStack() as stack:
        writer = await stack.enter_async_context(asking(recipe.engine, calls_of(output)))
        judge = writer
        if recipe.judging_engine != recipe.engine:
            kept = beside(output, "judge.calls")
            judge = await stack.enter_async_context(asking(recipe.judging_engine, kept))
        yield writer, judge


def write_made(path: Path, made: Made) -> str:
    """Write the files and return the fingerprint.

    MaterialError where no persona is left, ConfigurationError where ``path`` holds other ones.
    """
    if not made.personas:
        counts = ", ".join(f"{reason} {count}" for reason, count in made.reasons.items())
        raise MaterialError(
            f"{path}: no persona is left, so nothing is written (refused: {counts or 'nothing'}); "
            "ask another model, or give it more to go by."
        )
    mark = fingerprint(made.personas)
    if path.exists() and (there := fingerprint(read_personas(path))) != mark:
        raise ConfigurationError(
            f"{path}: holds other personas (fingerprint {there}) than these answers make ({mark}); "
            "delete it or give another --output, no answer is lost."
        )
    told = {
        "fingerprint": mark, "crowdglot": __version__, "personas": len(made.personas),
        **made.about, "refused": made.reasons,
    }  # fmt: skip
    refused = (json.dumps(asdict(one), ensure_ascii=False) for one in made.refused)
    write_text(beside(path, "refused.jsonl"), _lines(refused))
    write_json(beside(path, "made.json"), told)
    write_text(path, _lines(map(as_line, made.personas)))
    return mark


def made_as(path: Path, personas: Sequence[Persona]) -> str:
    """What FILE.made.json says of these personas, as a sentence; "" where there is none."""
    try:
        told = json.loads(decoded(beside(path, "made.json"), _MOST_BYTES))
        by, mark = name_shown(told["by"]), str(told["fingerprint"])
    except (MaterialError, ValueError, LookupError, TypeError, RecursionError):
        return ""
    same = "unchanged since" if mark == fingerprint(personas) else "changed since it was made"
    return f"Made by `crowdglot personas {by}`, {same}."


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
