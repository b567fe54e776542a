"""The limits of a recipe's ``[audit]``, which a dataset must keep to be published."""

import json
from collections.abc import Mapping
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Any

from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.guarded import parsing, read_stored
from crowdglot.datasets.storage.location import Location
from crowdglot.errors import StorageError

AUDIT = "audit.json"
_MOST_BYTES = 1 << 26
_FOUND = {
    "most_harm": "harm", "most_personal_data": "personal_data", "most_abstention": "abstention",
}  # fmt: skip


def rows_hash(folder: Location) -> str:
    """16 hexadecimal digits that change with the accepted rows."""
    digest = blake2b(digest_size=8)
    for path in files_of(folder, "data"):
        digest.update(f"{path.parents[0].name}/{path.name}".encode())
        digest.update(_digest(path))
    return digest.hexdigest()


def _digest(path: Location) -> bytes:
    if not isinstance(path, Path):
        return blake2b(path.read_bytes()).digest()
    with path.open("rb") as file:  # a piece at a time, as it may be a stranger's and endless
        return file_digest(file, blake2b).digest()


def check_audit(folder: Location, recipe: Mapping[str, Any]) -> None:
    """Raise StorageError where the audit found more than the recipe's ``[audit]`` allows, or there
    is none of the rows as they are. ``recipe``: as it is stored."""
    told = recipe.get("audit") or {}
    limits = {
        name: limit
        for name in _FOUND
        if isinstance(limit := told.get(name, 1.0), int | float) and limit < 1
    }
    if not limits:
        return
    found = _found(folder)
    for name, limit in limits.items():
        what, (count, of) = _FOUND[name].replace("_", " "), found[_FOUND[name]]
        if count > limit * of:
            raise StorageError(
                f"{folder}: audit.{name} is {limit:.4g}, and {what} was found in {count:,} of "
                f"{of:,} dialogues ({count / of:.4g}); take them out by `crowdglot audit {folder} "
                "--withdraw` and `crowdglot synthesize`, or raise the limit."
            )


def _found(folder: Location) -> dict[str, tuple[int, int]]:
    """By measure in how many of how many accepted dialogues something was found."""
    remedy = f"run `crowdglot audit {folder}`, then publish."
    try:
        with parsing(folder / AUDIT, remedy):
            told = json.loads(read_stored(folder / AUDIT, _MOST_BYTES))
            found = {name: told["found"][name] for name in _FOUND.values()}
            counts = {name: (int(one["count"]), int(one["of"])) for name, one in found.items()}
            rows = told["rows"]
    except (FileNotFoundError, NotADirectoryError):
        raise StorageError(
            f"{folder}: its recipe has limits under [audit], and it was not audited; {remedy}"
        ) from None
    if rows != rows_hash(folder):
        raise StorageError(f"{folder / AUDIT}: is older than the rows in data/; {remedy}")
    return counts
