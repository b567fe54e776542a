"""The recipe as it is published, without what is of use to one machine only or nobody's business.

Two datasets are of one recipe where their published identities are equal.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from crowdglot.errors import StorageError
from crowdglot.strict_toml import parse_toml

_PRIVATE = frozenset({"output", "reference", "machines", "budget"})
_PRIVATE_OF_MODEL = frozenset(
    {"base_url", "api_key_env", "api_key_block", "devices", "concurrency", "time_out"}
)


def public_recipe(table: Mapping[str, Any]) -> dict[str, Any]:
    """The content of ``recipe.toml``, without addresses, names of keys, and folders of a machine.

    Of a file's path its name is left.
    """
    kept = {key: value for key, value in table.items() if key not in _PRIVATE}
    return {key: _public(value) for key, value in kept.items()}


def _public(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _public(inner) for k, inner in value.items() if k not in _PRIVATE_OF_MODEL}
    if isinstance(value, list):
        return [_public(inner) for inner in value]
    if isinstance(value, str):
        for kind in (PurePosixPath, PureWindowsPath):
            if kind(value).is_absolute() or value.startswith("~"):
                return kind(value).name
    return value


def recipe_hash(identity: Mapping[str, Any]) -> str:
    """12 hexadecimal digits: equal for equal recipes, wherever their files lie."""
    told = json.dumps(_public(identity), sort_keys=True, ensure_ascii=False)
    return sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def check_same_recipe(where: str, there: bytes, here: Mapping[str, Any]) -> None:
    """Raise StorageError unless the recipe.toml ``there`` made the dataset ``here``, and made it no
    larger. ``where``: the repository."""
    try:
        theirs = public_recipe(parse_toml(there.decode("utf-8")))
    except (ValueError, RecursionError):
        raise StorageError(
            f"{where}: its recipe.toml cannot be read; choose another --repo, or delete the file "
            "there if it is yours."
        ) from None
    old, new = (table.get("identity") for table in (theirs, here))
    old, new = old if isinstance(old, dict) else {}, new if isinstance(new, dict) else {}
    if changed := sorted(key for key in {*old, *new} if old.get(key) != new.get(key)):
        raise StorageError(
            f"{where}: holds the dataset of another recipe ('{changed[0]}' is "
            f"{old.get(changed[0])!r:.60} there and {new.get(changed[0])!r:.60} here); choose "
            "another --repo."
        )
    planned, wanted = theirs.get("dialogues_per_language"), here.get("dialogues_per_language")
    if isinstance(planned, int) and isinstance(wanted, int) and planned > wanted:
        raise StorageError(
            f"{where}: holds a larger dataset of this recipe ({planned} dialogues of each language "
            f"there, {wanted} here); publish the larger one, or choose another --repo."
        )
