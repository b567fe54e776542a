"""Dialogues of a dataset repository on the hub: "hf:org/name[@revision][:file-glob]".

Only data files are downloaded (Parquet, CSV, JSON, JSON lines), never scripts, and nothing of the
repository is executed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatch

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers import read_file
from crowdglot.errors import MaterialError
from crowdglot.hub import Failures, snapshot

DATA_FILES = ("*.parquet", "*.csv", "*.json", "*.jsonl")
# Files about a dataset, and the rejected drafts in crowdglot's own datasets.
NOT_DIALOGUES = (
    "dataset_infos.json", "*dataset_info.json", "state.json", "metrics.json", "rejected/*",
)  # fmt: skip
_SOURCE = re.compile(
    r"hf:(?P<name>[\w.-]+(?:/[\w.-]+)?)(?:@(?P<revision>[^:]+))?(?::(?P<glob>.+))?"
)
_FAILURES = Failures(MaterialError, MaterialError, "give a local file")


@dataclass(frozen=True, slots=True)
class Repository:
    """A dataset on the hub; ``glob`` picks files of it, all data files where it is None."""

    name: str
    revision: str
    glob: str | None

    def wants(self, file: str) -> bool:
        """Whether the file at that path in the repository is to be read."""
        if not any(fnmatch(file, pattern) for pattern in DATA_FILES):
            return False
        if self.glob is None:
            return not any(fnmatch(file, pattern) for pattern in NOT_DIALOGUES)
        return fnmatch(file, self.glob)


def parse_source(source: str) -> Repository:
    """The repository that ``source`` names; MaterialError if it is not of that form."""
    match = _SOURCE.fullmatch(source)
    if match is None:
        raise MaterialError(
            f"{source}: not of the form hf:org/name[@revision][:files]; write it so."
        )
    return Repository(match["name"], match["revision"] or "main", match["glob"])


def read_repository(source: str) -> Iterator[Demonstration]:
    """Every dialogue of the repository's data files, file by file in order of their paths.

    MaterialError where the repository cannot be had, holds no data file, or one is damaged.
    """
    repository = parse_source(source)
    folder = snapshot(
        repository.name,
        repository.revision,
        repository.wants,
        cached=((repository.glob,), ()) if repository.glob else (DATA_FILES, NOT_DIALOGUES),
        name=source,
        failures=_FAILURES,
    )
    paths = {
        path: path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }  # fmt: skip
    wanted = [(path, file) for path, file in paths.items() if repository.wants(file)]
    for path, file in wanted:
        name = f"hf:{repository.name}/{file}"
        try:
            for demonstration in read_file(path):
                yield replace(demonstration, source=f"{name}@{folder.name[:12]}")
        except MaterialError as error:
            hint = "" if repository.glob else f" (or choose files: {source}:*.parquet)"
            raise MaterialError(f"{str(error).replace(str(path), name)}{hint}") from None
    if not wanted:
        raise MaterialError(
            f"{source}: no such Parquet, CSV, JSON or JSON lines file in the repository; "
            "check what follows the colon, or take another revision such as @refs/convert/parquet."
        )
