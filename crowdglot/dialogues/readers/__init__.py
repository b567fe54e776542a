"""Demonstrations and personas from PersonaChat-like sources: one module a file format.

Of a repository on the hub only data files are downloaded (Parquet, CSV, JSON, JSON lines), never
scripts, and nothing of it is executed.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.errors import MaterialError
from crowdglot.personas.persona import Persona
from crowdglot.user_files import reading

BUNDLED = Path(__file__).parent.parent / "bundled.jsonl"
_DATA_FILES = ("*.parquet", "*.csv", "*.json", "*.jsonl")
# Files about a dataset, and in crowdglot's own datasets the rejected drafts and the pool.
_NOT_DIALOGUES = (
    "dataset_infos.json", "*dataset_info.json", "state.json", "metrics.json", "rejected/*",
    "pool/*",
)  # fmt: skip
_SOURCE = re.compile(
    r"hf:(?P<name>[\w.-]+(?:/[\w.-]+)?)(?:@(?P<revision>[^:]+))?(?::(?P<glob>.+))?"
)


class Reader(Protocol):
    """What a module of ``READERS`` holds.

    ``HEAD``: matches the beginning of a file in this format, without leading blanks.
    """

    HEAD: re.Pattern[str]

    def read(self, path: Path) -> Iterator[Demonstration]:
        """Every dialogue of the file; MaterialError says where it is wrong."""


# The formats in the order in which they are tried: those with an unmistakable beginning come first.
READERS = {
    name: f"crowdglot.dialogues.readers.{name}"
    for name in (
        "jsonl", "xpersona", "parlai", "parquet_table", "synthetic_persona_chat", "json_table",
        "csv_table",
    )
}  # fmt: skip


def read_demonstrations(source: str) -> tuple[Demonstration, ...]:
    """All demonstrations of "bundled", of a file, or of "hf:org/name[@revision][:files]".

    Identical dialogues are kept once. MaterialError where the source is missing or damaged.
    """
    found: Iterable[Demonstration]
    if source == "bundled":
        found = (replace(demonstration, source=source) for demonstration in read_file(BUNDLED))
    else:
        found = read_repository(source) if source.startswith("hf:") else read_file(Path(source))
    unique: dict[str, Demonstration] = {}
    for demonstration in found:
        unique.setdefault(demonstration.id, demonstration)
    return tuple(unique.values())


def read_lines(content: bytes, source: str) -> tuple[Demonstration, ...]:
    """All demonstrations in the content of a file of our own JSON lines, which may be empty."""
    if not content:
        return ()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "demonstrations.jsonl"
        path.write_bytes(content)
        return tuple(replace(one, source=source) for one in _reader("jsonl").read(path))


def read_repository(source: str) -> Iterator[Demonstration]:
    """Every dialogue of the repository's data files, file by file in order of their paths.

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
            for demonstration in read_file(path):
                yield replace(demonstration, source=f"{name}@{folder.name[:12]}")
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
    missing = 'no such file; give a file, "bundled" or "hf:org/name"'
    with reading(path, missing), path.open("rb") as file:
        head = file.read(65_536).decode("utf-8-sig", errors="replace").lstrip()
    for name in READERS:
        if _reader(name).HEAD.match(head):
            return name
    raise MaterialError(
        f"{path}: unknown format; give PersonaChat in ParlAI's text format, XPersona JSON, "
        "Synthetic-Persona-Chat CSV, our JSON lines, or a table with a column 'dialogue'."
    )


def read_file(path: Path) -> Iterator[Demonstration]:
    """Every demonstration of a local file of any known format; MaterialError if there is none."""
    found = False
    for demonstration in _reader(sniff(path)).read(path):
        found = True
        yield demonstration
    if not found:
        raise MaterialError(
            f"{path}: no dialogue found (those with placeholders such as [name] do not count); "
            "give a file with at least one."
        )


def _reader(name: str) -> Reader:
    return cast(Reader, import_module(READERS[name]))
