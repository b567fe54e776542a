"""Dialogues of a dataset repository on the hub: "hf:org/name[@revision][:file-glob]".

Only data files are downloaded (Parquet, CSV, JSON, JSON lines), never scripts, and nothing of the
repository is executed.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatch

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers import read_file
from crowdglot.errors import MaterialError
from crowdglot.hub import snapshot

_DATA_FILES = ("*.parquet", "*.csv", "*.json", "*.jsonl")
# Files about a dataset, and the rejected drafts in crowdglot's own datasets.
_NOT_DIALOGUES = (
    "dataset_infos.json", "*dataset_info.json", "state.json", "metrics.json", "rejected/*",
)  # fmt: skip
_SOURCE = re.compile(
    r"hf:(?P<name>[\w.-]+(?:/[\w.-]+)?)(?:@(?P<revision>[^:]+))?(?::(?P<glob>.+))?"
)


def read_repository(source: str) -> Iterator[Demonstration]:
    """Every dialogue of the repository's data files, file by file in order of their paths.

    MaterialError where the repository cannot be had, holds no data file, or one is damaged.
    """
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
