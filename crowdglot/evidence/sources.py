"""Where dialogues to be measured come from: a dataset of ours, or what people wrote.

Rows of both are read by their positions, so memory holds what is drawn, and of a small dataset as
many rows as of a large one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from crowdglot.critics import Critic, load_critics
from crowdglot.critics.calibration import plain_dialogue
from crowdglot.critics.meaning.coherence import Coherence
from crowdglot.datasets.folder import RECIPE, read_stored_recipe
from crowdglot.datasets.funnel import count_drafts
from crowdglot.datasets.report.selection import even_positions
from crowdglot.datasets.scan import rows_at
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.location import Location, is_url, locate
from crowdglot.datasets.withdrawals import read_withdrawals, turns_hash
from crowdglot.dialogues.dialogue import Demonstration, Dialogue, Turn
from crowdglot.dialogues.human import human_files
from crowdglot.dialogues.readers import read_file
from crowdglot.engines.embedding.bundled import missing
from crowdglot.engines.embedding.embedder import Meanings
from crowdglot.engines.settings import EmbeddingSettings
from crowdglot.errors import ConfigurationError, MaterialError
from crowdglot.languages.language import resolve_language
from crowdglot.recipes import read_embedding
from crowdglot.statistics import some_numbers
from crowdglot.writing.ending.references import embedder

_COLUMNS = ("id", "index", "attempt", "personas", "turns")

T = TypeVar("T")
Row: TypeAlias = Mapping[str, Any]  # as the record has it; of people id, personas and turns alone


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


@dataclass(frozen=True)
class Dataset:
    """``parts``: "data", "rejected" or both."""

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

    def files(self, tag: str = "*") -> list[Location]:
        """The files of a language, or of all."""
        return [path for part in self.parts for path in files_of(self.folder, part, tag)]

    def rows(self, tag: str, positions: Sequence[int], columns: Sequence[str]) -> Sequence[Row]:
        """The rows of a language at these positions (see ``scan``), which ascend."""
        return rows_at(self.files(tag), positions, columns).to_dicts()

    def even(self, most: int, columns: Sequence[str], tag: str = "*") -> dict[int, Row]:
        """By position at most so many rows of a language, or of each, the same whenever asked."""
        files = self.files(tag)
        languages = {path.parents[0].name for path in files}
        chosen = even_positions(files, ("language",), most * len(languages))
        return dict(zip(chosen, self.rows(tag, chosen, columns), strict=True))

    def draw(self, tag: str, most: int) -> Drawn:
        """At most so many dialogues of one of ``counts``, the same whenever asked."""
        known, rows = read_withdrawals(self.folder), [*self.even(most, _COLUMNS, tag).values()]
        talks = [(row, _talk(row, tag, at)) for at, row in enumerate(rows)]
        kept = [
            one for row, one in talks if not known.verdicts(row["index"], row["attempt"], one.turns)
        ]
        return _drawn(kept, len(rows), self.counts.get(tag, 0))


@dataclass(frozen=True)
class People:
    """A folder, or one file, of human dialogues; see ``Dataset`` for its methods."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.resolve().name

    @cached_property
    def _files(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for file in human_files(self.path):
            found.setdefault(file.language.tag, []).append(file.path)
        return found

    @cached_property
    def counts(self) -> dict[str, int]:
        """Dialogues by language."""
        return {tag: len(self.every(tag)) for tag in self._files}

    @cached_property
    def _read(self) -> dict[str, list[Row]]:
        return {}

    def every(self, tag: str) -> list[Row]:
        """All dialogues of a language, none where there is no file in it; others are not opened."""
        if tag not in self._read:
            read = (read_file(path).demonstrations for path in self._files.get(tag, ()))
            self._read[tag] = [_row(shown, tag) for every in read for shown in every]
        return self._read[tag]

    def draw(self, tag: str, most: int) -> Drawn:
        """At most so many dialogues of one of ``counts``, the same whenever asked."""
        rows = self.every(tag)
        some = some_numbers(len(rows), most, 0, tag, "human").tolist()
        talks = [_talk(rows[number], tag, at) for at, number in enumerate(some)]
        return _drawn(talks, len(some), len(rows))


Source: TypeAlias = Dataset | People


def _row(shown: Demonstration, tag: str) -> Row:
    return {
        "id": tag,
        "personas": [{"id": persona.id} for persona in shown.personas if persona],
        "turns": [{"speaker": turn.speaker, "text": turn.text} for turn in shown.turns],
    }


def turns_of(row: Row) -> list[str]:
    """What is said in each turn of a row."""
    return [turn["text"] or "" for turn in row["turns"] or () if turn]


def dialogue_of(row: Row) -> Dialogue:
    """As much of a row's dialogue as a judge may be shown: premise, names, and turns."""
    usual = plain_dialogue((), resolve_language(row["language"])).scenario
    turns = tuple(Turn(turn["speaker"] or "", turn["text"] or "") for turn in row["turns"] or ())
    premise = (row["common_ground"] or {}).get("premise") or ""
    names = tuple(one["name"] or "" for one in row["personas"] or ())
    scenario = replace(
        usual,
        common_ground=replace(usual.common_ground, premise=premise),
        personas=usual.personas[:1] * len(names),
        names=names,
        order="".join(turn.speaker for turn in turns),
    )
    return Dialogue(scenario, turns)


def coherence_of(texts: Sequence[str], tag: str) -> float | None:
    """The score of a critic that needs nothing but the turns; None without the bundled model."""
    return _coherence().judge(plain_dialogue(texts, resolve_language(tag))).score


@lru_cache(maxsize=1)
def _coherence() -> Critic:
    return next(one for one in load_critics(meaning=True) if isinstance(one, Coherence))


def _talk(row: Row, tag: str, number: int) -> Talk:
    texts = tuple(turns_of(row))
    speakers = tuple(turn["speaker"] or "" for turn in row["turns"] or () if turn)
    known = sorted(one["id"] or "" for one in row["personas"] or () if one)
    return Talk(f"{row['id']}-{number}", tag, speakers, texts, tuple(known) or (turns_hash(texts),))


def _drawn(talks: Sequence[Talk], drawn: int, there: int) -> Drawn:
    kept = tuple(one for one in talks if len(one.turns) > 1)
    return Drawn(kept, there, drawn - len(kept))


def open_source(source: str, *, rejected: bool = False) -> Source:
    """A dataset's folder or URL, or a folder or file of human dialogues.

    ``rejected``: of a dataset the rejected drafts as well. StorageError or MaterialError where it
    is neither.
    """
    if not is_dataset(source):
        return People(Path(source))
    folder = locate(source)
    return Dataset(name_of(folder), folder, ("data", "rejected") if rejected else ("data",))


def name_of(folder: Location) -> str:
    """A dataset's name, or its folder's; StorageError where there is no dataset."""
    return str(read_stored_recipe(folder).get("name") or folder.resolve().name)


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


def by_language(
    source: Source, measure: Callable[[str], Sequence[T] | str], refusal: str
) -> Iterator[T | str]:
    """What ``measure`` gives for each language, or the sentence by which it says why there is none.

    MaterialError, with the ``refusal`` and all sentences, where no language gives anything.
    """
    sentences = []
    for tag in source.counts:
        made = measure(tag)
        if isinstance(made, str):
            sentences.append(made)
            yield f"{made}; no figure."
        else:
            yield from made
    if len(sentences) == len(source.counts):
        why = "; ".join(sentences) or "there is no dialogue in it"
        raise MaterialError(f"{source.name}: {refusal}: {why}.")
