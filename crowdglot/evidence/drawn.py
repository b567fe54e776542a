"""Dialogues to be measured, drawn from a dataset or from a folder of human dialogues.

Of a language no more are drawn than asked for, and it is told how many there are: so memory holds
as many rows of a small dataset as of a large one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from crowdglot.datasets.folder import RECIPE, read_stored_recipe
from crowdglot.datasets.funnel import count_drafts
from crowdglot.datasets.report.selection import even_positions
from crowdglot.datasets.scan import rows_at
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.location import Location, is_url, locate
from crowdglot.datasets.withdrawals import read_withdrawals, turns_hash
from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.human import human_files
from crowdglot.dialogues.readers import read_file
from crowdglot.engines.embedding.bundled import missing
from crowdglot.engines.embedding.embedder import Meanings
from crowdglot.engines.settings import EmbeddingSettings
from crowdglot.errors import ConfigurationError
from crowdglot.languages.language import resolve_language
from crowdglot.recipes import read_embedding
from crowdglot.statistics import some_numbers
from crowdglot.writing.ending.references import embedder

_COLUMNS = ("id", "index", "attempt", "personas", "turns")


@dataclass(frozen=True, slots=True)
class Talk:
    """A dialogue. ``pair``: ids of all its personas, or a hash of its turns where they are unknown;
    what has the same pair is kept together. ``split``: "", as nothing is divided here."""

    id: str
    language: str
    speakers: tuple[str, ...]
    turns: tuple[str, ...]
    pair: tuple[str, ...]
    split: str = ""

    def answers(self) -> Iterator[tuple[int, tuple[str, ...], str]]:
        """Each turn but the first: its number, all turns before it, and what it says."""
        for at in range(1, len(self.turns)):
            yield at, self.turns[:at], self.turns[at]


@dataclass(frozen=True, slots=True)
class Drawn:
    """``talks``: those drawn, of ``there`` that the source has in the language; ``left_out``: drawn
    ones that were withdrawn or have fewer than two turns."""

    talks: tuple[Talk, ...]
    there: int
    left_out: int = 0


class Source(Protocol):
    """``name``: as it is shown. ``counts``: dialogues there by language tag."""

    @property
    def name(self) -> str: ...

    @property
    def counts(self) -> Mapping[str, int]: ...

    def draw(self, tag: str, most: int) -> Drawn:
        """At most so many dialogues of one of ``counts``, the same whenever asked."""
        ...


def open_source(source: str, *, rejected: bool = False) -> Source:
    """A dataset's folder or URL, or a folder or file of human dialogues.

    ``rejected``: of a dataset the rejected drafts as well. StorageError or MaterialError where it
    is neither.
    """
    folder = locate(source)
    if is_dataset(source):
        stored = read_stored_recipe(folder)
        name = str(stored.get("name") or folder.resolve().name)
        return Dataset(name, folder, ("data", "rejected") if rejected else ("data",))
    return People(Path(source))


def is_dataset(source: str) -> bool:
    """Whether this is a folder or URL of a dataset of ours, and not people's dialogues."""
    folder = locate(source)
    return is_url(source) or (folder / RECIPE).exists() or (folder / "data").exists()


def place_for(source: str, output: Path | None) -> Location:
    """Where figures of ``source`` are written: ``output``, made where it is missing, or a dataset's
    own folder. ConfigurationError where neither can be."""
    if output is None:
        if is_dataset(source):
            return locate(source)
        raise ConfigurationError(f"{source}: no dataset; say with --output where figures go.")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{output}: cannot be made ({error.strerror}); give another --output."
        ) from None
    return output


def embedder_for(source: str, changes: Sequence[str]) -> Callable[[Sequence[str]], Meanings] | None:
    """What gives the vectors of texts: the dataset's own embedding model, else the bundled one;
    None where neither is at hand."""
    settings = read_embedding(locate(source), changes) if is_dataset(source) else None
    if settings is None or not settings.kind:
        settings = None if missing() else EmbeddingSettings(kind="bundled")
    return embedder(settings) if settings else None


def same_language(tag: str, source: Source) -> str:
    """The tag by which ``source`` has the language of ``tag``, whatever the region; "" if not."""
    own = resolve_language(tag).measured_as
    others = [one for one in source.counts if resolve_language(one).measured_as == own]
    return tag if tag in others else next(iter(others), "")


@dataclass(frozen=True)
class Dataset:
    """A dataset of ours; see ``Source``. ``parts``: "data", "rejected" or both."""

    name: str
    folder: Location
    parts: tuple[str, ...] = ("data",)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Rows by language, whether they can be used or not."""
        found: dict[str, int] = {}
        for part in self.parts:
            counted = count_drafts(self.folder, part).select("language", "drafts")
            for tag, count in counted.iter_rows():
                found[tag] = found.get(tag, 0) + count
        return dict(sorted(found.items()))

    def draw(self, tag: str, most: int) -> Drawn:
        """See ``Source``."""
        files = [path for part in self.parts for path in files_of(self.folder, part, tag)]
        rows = rows_at(files, even_positions(files, ("language",), most), _COLUMNS)
        withdrawals = read_withdrawals(self.folder)
        talks = []
        for number, row in enumerate(rows.iter_rows(named=True)):
            talk = _of_row(row, tag, number)
            taken_back = withdrawals.verdicts(row["index"], row["attempt"], talk.turns)
            if len(talk.turns) > 1 and not taken_back:
                talks.append(talk)
        return Drawn(tuple(talks), self.counts.get(tag, 0), rows.height - len(talks))


@dataclass(frozen=True)
class People:
    """A folder, or one file, of human dialogues; see ``Source``."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.resolve().name

    @cached_property
    def _found(self) -> dict[str, list[Demonstration]]:
        found: dict[str, list[Demonstration]] = {}
        for file in human_files(self.path):
            found.setdefault(file.language.tag, []).extend(read_file(file.path).demonstrations)
        return found

    @property
    def counts(self) -> dict[str, int]:
        """Dialogues by language."""
        return {tag: len(shown) for tag, shown in self._found.items()}

    def draw(self, tag: str, most: int) -> Drawn:
        """See ``Source``."""
        shown = self._found[tag]
        some = [shown[at] for at in some_numbers(len(shown), most, 0, tag, "human")]
        talks = tuple(_of_people(one, tag, at) for at, one in enumerate(some) if len(one.turns) > 1)
        return Drawn(talks, len(shown), len(some) - len(talks))


def _of_row(row: Mapping[str, Any], tag: str, number: int) -> Talk:
    turns = [turn for turn in row["turns"] or () if turn]
    texts = tuple(turn["text"] or "" for turn in turns)
    known = sorted(one["id"] or "" for one in row["personas"] or () if one)
    speakers = tuple(turn["speaker"] or "" for turn in turns)
    pair = tuple(known) or (turns_hash(texts),)
    return Talk(f"{row['id']}-{number}", tag, speakers, texts, pair)


def _of_people(shown: Demonstration, tag: str, number: int) -> Talk:
    texts = tuple(turn.text for turn in shown.turns)
    known = sorted(persona.id for persona in shown.personas if persona)
    speakers = tuple(turn.speaker for turn in shown.turns)
    pair = tuple(known) or (turns_hash(texts),)
    return Talk(f"{tag}-{number}", tag, speakers, texts, pair)
