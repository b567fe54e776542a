"""Human dialogues by language: a folder of PersonaChat files, each named after its language."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from crowdglot.bounded_files import reading
from crowdglot.dialogues.readers import read_file
from crowdglot.errors import ConfigurationError, MaterialError
from crowdglot.languages.language import Language, resolve_language

_SUFFIXES = {".json", ".jsonl", ".csv", ".tsv", ".txt", ".parquet", ".gz"}


class HumanFile(NamedTuple):
    """A file of dialogues that people wrote in one language."""

    path: Path
    language: Language


def human_files(source: Path, language: str = "") -> list[HumanFile]:
    """The files of a folder, or the one file ``source``, in the order of their names.

    ``language``: the tag of all files; by default each file's name begins with it ("Fr_a.json").
    MaterialError where there is none, ConfigurationError where a language is unknown.
    """
    paths = [source]
    with reading(source, "no such folder or file; give one of human dialogues"):
        source.stat()
        if source.is_dir():
            paths = sorted(path for path in source.iterdir() if path.suffix in _SUFFIXES)
    if not paths:
        raise MaterialError(f"{source}: no dialogues; give a folder of XPersona files or one file.")
    given = resolve_language(language) if language else None
    return [HumanFile(path, given or _language_of(path)) for path in paths]


def read_human(source: Path, tags: Collection[str]) -> dict[str, list[list[str]]]:
    """Language tag of a file to the turn texts of its dialogues, for the languages ``tags``.

    Files in other languages are not opened; "pt-BR" wants files of "pt" too. MaterialError where
    there is nothing to read or a file is damaged, ConfigurationError where a language is unknown.
    """
    wanted = {resolve_language(tag).code for tag in tags}
    read: dict[str, list[list[str]]] = {}
    for file in human_files(source):
        if file.language.code in wanted:
            dialogues = read.setdefault(file.language.tag, [])
            human = read_file(file.path).demonstrations
            dialogues += [[turn.text for turn in shown.turns] for shown in human]
    return read


def left_out(files: Iterable[HumanFile]) -> list[str]:
    """One sentence on every file of which records cannot be used."""
    return [told for file in files if (told := read_file(file.path).left_out)]


def _language_of(path: Path) -> Language:
    prefix = path.stem.split("_")[0].lower()
    try:
        return resolve_language("ja" if prefix == "jp" else prefix)  # XPersona's name for Japanese
    except ConfigurationError:
        raise ConfigurationError(
            f"{path}: its name does not begin with a language such as 'Fr_'; rename it "
            "(`crowdglot calibrate` takes --language instead)."
        ) from None
