"""Demonstrations and personas from PersonaChat-like sources: one module a file format.

Of a repository on the hub only data files are downloaded (Parquet, CSV, JSON, JSON lines), never
scripts, and nothing of it is executed.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from crowdglot.bounded_files import is_packed, read_head
from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers.records import LeftOut, Record, tell
from crowdglot.errors import MaterialError
from crowdglot.personas.persona import Persona
from crowdglot.printable import name_shown

# What comes with the package; the plain ones are for small models.
BUNDLED, PLAIN = (Path(__file__).parent.parent / f"{name}.jsonl" for name in ("bundled", "plain"))
_TEXT_FILES = ("*.csv", "*.tsv", "*.json", "*.jsonl")
_DATA_FILES = ("*.parquet", *_TEXT_FILES, *(f"{pattern}.gz" for pattern in _TEXT_FILES))
# Files about a dataset, and in crowdglot's own datasets the rejected drafts and the pool.
_NOT_DIALOGUES = (
    "dataset_infos.json", "*dataset_info.json", "state.json", "metrics.json", "rejected/*",
    "pool/*",
)  # fmt: skip
_SOURCE = re.compile(
    r"hf:(?P<name>[\w.-]+(?:/[\w.-]+)?)(?:@(?P<revision>[^:]+))?(?::(?P<glob>.+))?"
)

# What other files begin with.
_FOREIGN = {
    "PK\x03\x04": "a ZIP archive or an Excel workbook; unpack it, or save its table as CSV",
    "\ufffd7zXZ": "packed by xz; unpack it",
    "\ufffd\x08": "packed by gzip more than once; unpack it",
    "BZh": "packed by bzip2; unpack it",
    "(\ufffd/\ufffd": "packed by zstd; unpack it",
    "ARROW1": "an Arrow file; save it as Parquet",
    "SQLite format 3": "a SQLite database; save its table as CSV",
    "%PDF": "a PDF; give the text as CSV or JSON",
    "\ufffd\x04\ufffd": "a Python pickle, which is never opened; save it as JSON",
    "version https://git-lfs": "a pointer of Git LFS in place of the file; get the file itself",
    "<": "a page of HTML or XML, perhaps in place of a download; give the file itself",
}


class Reader(Protocol):
    """What a module of ``READERS`` holds.

    ``HEAD``: matches the beginning of a file in this format, without leading blanks.
    """

    HEAD: re.Pattern[str]

    def read(self, path: Path) -> Iterator[Record]:
        """Every record of the file: a demonstration, or what is left out and why.

        MaterialError where nobody knows what is missing, as where the file is cut.
        """


# The formats in the order in which they are tried: those with an unmistakable beginning come first.
READERS = {
    name: f"crowdglot.dialogues.readers.{name}"
    for name in (
        "jsonl", "xpersona", "parlai", "parquet_table", "synthetic_persona_chat", "json_table",
        "csv_table",
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Material:
    """What a source holds. ``personas``: those of records without a dialogue. ``left_out``: one
    sentence on the records that could not be used, with their count; "" where all were."""

    demonstrations: tuple[Demonstration, ...]
    personas: tuple[Persona, ...] = ()
    left_out: str = ""

    @property
    def every_persona(self) -> tuple[Persona, ...]:
        """Each persona once, those of the demonstrations first."""
        return tuple(dict.fromkeys((*personas_of(self.demonstrations), *self.personas)))


def read_demonstrations(source: str) -> tuple[Demonstration, ...]:
    """The demonstrations of ``read_material``, for whom what was left out is not told."""
    return read_material(source).demonstrations


def read_material(source: str, *, personas: bool = False, plain: bool = False) -> Material:
    """All of "bundled", of a file, or of "hf:org/name[@revision][:files]".

    Identical dialogues are kept once. ``personas``: whether records that hold personas and no
    dialogue are wanted too; else they are left out. ``plain``: of "bundled" those in plain words.
    MaterialError where the source is missing, cut
    or damaged, or nothing of it can be used.
    """
    records: Iterable[Record]
    if source == "bundled":
        found = read_file(PLAIN if plain else BUNDLED).demonstrations
        named = (replace(one, source=source) for one in found)
        return Material(tuple(named))
    records = read_repository(source) if source.startswith("hf:") else _of_file(Path(source))
    return _gathered(records, source, personas=personas)


def read_file(path: Path) -> Material:
    """The same of a local file, for its dialogues; a dialogue that stands twice is there twice."""
    return _gathered(_of_file(path), str(path), twice=True)


def _gathered(
    records: Iterable[Record], source: str, *, personas: bool = False, twice: bool = False
) -> Material:
    found: list[Demonstration] = []
    alone: dict[Persona, None] = {}
    lost: list[LeftOut] = []
    seen: set[str] = set()
    with_personas = 0
    for record in records:
        if isinstance(record, Demonstration) or personas:
            lost += [LeftOut(sentence, kept=True) for sentence in record.lost]
        if isinstance(record, LeftOut):
            if personas and record.personas:
                alone.update(dict.fromkeys(record.personas))
                with_personas += 1
            else:
                lost.append(record)
        elif record.id in seen and not twice:
            lost.append(LeftOut(f"{source}: the same turns as another dialogue"))
        else:
            seen.add(record.id)
            found.append(replace(record, lost=()) if record.lost else record)
    if not found and not alone:
        raise _nothing(lost, source)
    told = tell(source, len(found) + with_personas, lost)
    return Material(tuple(found), tuple(alone), told)


def _nothing(lost: list[LeftOut], source: str) -> MaterialError:
    """The error of a source of which nothing can be used."""
    bad = [record for record in lost if not record.kept]
    if not bad:
        return MaterialError(f"{source}: no dialogue found; give a file with at least one.")
    if all(record.personas for record in bad):
        return MaterialError(
            f"{source}: personas and no dialogue in it; name it in personas.source instead."
        )
    return MaterialError(bad[0].sentence if len(bad) == 1 else tell(source, 0, bad))


def read_lines(content: bytes, source: str) -> tuple[Demonstration, ...]:
    """All demonstrations in the content of a file of our own JSON lines, which may be empty."""
    if not content:
        return ()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "demonstrations.jsonl"
        path.write_bytes(content)
        return tuple(replace(one, source=source) for one in read_file(path).demonstrations)


def read_repository(source: str) -> Iterator[Record]:
    """Every record of the repository's data files, file by file in order of their paths.

    MaterialError where the repository cannot be had, holds no data file, or one is damaged.
    """
    from crowdglot.hub import snapshot

    parts = _SOURCE.fullmatch(source)
    if parts is None:
        raise MaterialError(
            f"{source}: not of the form hf:org/name[@revision][:files]; write it so."
        )
    chosen = ((parts["glob"],), ()) if parts["glob"] else (_DATA_FILES, _NOT_DIALOGUES)

    def wants(file: str) -> bool:
        allowed, ignored = (any(fnmatch(file, pattern) for pattern in each) for each in chosen)
        return allowed and not ignored and any(fnmatch(file, pattern) for pattern in _DATA_FILES)

    folder = snapshot(parts["name"], parts["revision"] or "main", wants, chosen, source)
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    paths = [path for path in found if wants(path.relative_to(folder).as_posix())]
    for path in paths:
        name = f"hf:{parts['name']}/{path.relative_to(folder).as_posix()}"
        try:
            for record in _of_file(path):
                lost = tuple(sentence.replace(str(path), name) for sentence in record.lost)
                if isinstance(record, Demonstration):
                    yield replace(record, source=f"{name}@{folder.name[:12]}", lost=lost)
                else:
                    sentence = record.sentence.replace(str(path), name)
                    yield replace(record, sentence=sentence, lost=lost)
        except MaterialError as error:
            hint = "" if parts["glob"] else f" (or choose files: {source}:*.parquet)"
            raise MaterialError(f"{str(error).replace(str(path), name)}{hint}") from None
    if not paths:
        raise MaterialError(
            f"{source}: no such Parquet, CSV, JSON or JSON lines file in the repository; "
            "check what follows the colon, or take another revision such as @refs/convert/parquet."
        )


def personas_of(demonstrations: Iterable[Demonstration]) -> tuple[Persona, ...]:
    """Every persona of the demonstrations once, in order of appearance."""
    return tuple(
        dict.fromkeys(p for demonstration in demonstrations for p in demonstration.personas if p)
    )


def sniff(path: Path) -> str:
    """The name of the reader for ``path``, by its content; MaterialError if none fits."""
    head = read_head(path, 'no such file; give a file, "bundled" or "hf:org/name"')
    if what := next((what for begin, what in _FOREIGN.items() if head.startswith(begin)), ""):
        raise MaterialError(f"{path}: {what}.")
    if head.startswith("PAR1") and is_packed(path):
        raise MaterialError(f"{path}: Parquet, packed by gzip; unpack it.")
    for name in READERS:
        if _reader(name).HEAD.match(head):
            return name
    raise MaterialError(
        f"{path}: unknown format, for it begins with '{name_shown(head[:40].strip())}'; give "
        "PersonaChat in ParlAI's text format, XPersona JSON, Synthetic-Persona-Chat CSV, our JSON "
        "lines, or a table with a column 'dialogue'."
    )


def _of_file(path: Path) -> Iterator[Record]:
    """Every record of a local file of any known format."""
    try:
        yield from _reader(sniff(path)).read(path)
    except RecursionError:
        raise MaterialError(f"{path}: nested too deeply; give lists of turns.") from None


def _reader(name: str) -> Reader:
    return cast(Reader, import_module(READERS[name]))
