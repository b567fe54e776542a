"""Whom a dataset's own recipe may reach: a dataset is data, and whoever made it may be a stranger.

Its ``recipe.toml`` can name addresses, variables that hold keys, files and models. What is marked
so (see ``strict_toml.outside``) counts only where the user began the dataset, said once that it is
trusted, or gave the key. What is trusted is remembered outside of the dataset, a hash for each
table of the recipe, so that a changed one has to be trusted anew. So are answers of a model: those
beside a dataset count where they bear this user's seal (``own_key``), and those of judges in its
rows where the user began it or trusts it.
"""

import json
import os
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from secrets import token_bytes
from typing import Any

from crowdglot.datasets.folder import RECIPE, read_stored_recipe
from crowdglot.datasets.storage.files import replacing, storing
from crowdglot.datasets.storage.location import Location
from crowdglot.errors import ConfigurationError, StorageError
from crowdglot.printable import one_line
from crowdglot.strict_toml import Strict, is_marked, walk
from crowdglot.user_files import state_folder
from crowdglot.writing.recipe import Recipe

_ANSWERS = "answers"  # beside the tables of a recipe
_OF_PROCESS = token_bytes(32)
_SECRET = re.compile(r"(//)[^\s/'\"]*(?=@)|(\?)[^\s'\"]+")


def reaching(settings: Strict, prefix: str = "") -> dict[str, Any]:
    """By dotted key the values by which ``settings`` reach out; none that is a default or idle."""
    return {
        key: value
        for key, field, value, table in walk(type(settings), settings, prefix)
        if is_marked(field, "outside") and value != field.default
        if key.rpartition(".")[2] not in table.idle()
    }


def demand_trust(
    folder: Location, stored: Mapping[str, Any], reached: Mapping[str, Any], given: Collection[str]
) -> None:
    """Raise ConfigurationError, which shows them, where keys of ``reached`` are not trusted.

    ``stored``: the recipe as it lies in ``folder``. ``given``: keys, or tables, that the user gave.
    """
    tables = _stored_tables(stored)
    doubtful = {
        key: value
        for key, value in reached.items()
        if not any(key == one or key.startswith(f"{one}.") for one in given)
        and not _is_trusted(folder, key.split(".")[0], tables)
    }
    if doubtful:
        raise ConfigurationError(
            f"{folder}: its recipe would reach out of the dataset: {_list(doubtful)}; if you trust "
            "that, give --trust once (in Python: open_dataset(…, trust=True)), else give a value "
            "of your own with --set."
        )


def demand_answers(folder: Location) -> None:
    """Raise ConfigurationError where what judges answered in the dataset may be anybody's word."""
    if not _is_trusted(folder, _ANSWERS, {}):
        raise ConfigurationError(
            f"{folder}: holds answers of judges, which would count as those of your model; if you "
            "trust them, give --trust once (in Python: open_dataset(…, trust=True)), else write a "
            "dataset of your own."
        )


def own_key() -> bytes:
    """What seals the answers that this user asked for: random, and kept with the user. Where
    nothing can be kept, it lasts as long as this process."""
    path = state_folder() / "key"
    with suppress(OSError, StorageError):
        if not path.exists() or len(path.read_bytes()) != len(_OF_PROCESS):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with replacing(path) as temporary:
                temporary.chmod(0o600)
                temporary.write_bytes(token_bytes(len(_OF_PROCESS)))
        return path.read_bytes()
    return _OF_PROCESS


def trust_stored(folder: Location, stored: Mapping[str, Any]) -> str:
    """Trust the recipe in ``folder`` from now on; a sentence that says what it reaches."""
    tables = _stored_tables(stored)
    _remember(folder, tables | {_ANSWERS: {}})
    named = {
        key if key == name else f"{key}.{name}": value
        for key, table in tables.items()
        for name, value in table.items()
    }
    return f"{folder}: trusted from now on: {_list(named) if named else 'it reaches nobody'}."


def is_trusted(folder: Location) -> bool:
    """Whether all of the recipe in ``folder`` is trusted, and its answers, or there is none yet."""
    if not (folder / RECIPE).exists():
        return True
    try:
        tables = _stored_tables(read_stored_recipe(folder))
    except StorageError:
        return False
    return all(_is_trusted(folder, table, tables) for table in (*tables, _ANSWERS))


def remember_own(folder: Location, recipe: Recipe) -> None:
    """Trust ``recipe`` in ``folder``, where this user's command has just put it.

    Where nothing can be noted, the user will be asked; that must not stop a run.
    """
    with suppress(StorageError):
        _remember(folder, _stored_tables(recipe.model_dump(mode="json")) | {_ANSWERS: {}})


def _is_trusted(folder: Location, table: str, tables: Mapping[str, Mapping[str, Any]]) -> bool:
    try:
        return _path(folder, table, tables.get(table, {})).exists()
    except OSError:
        return False


def _list(named: Mapping[str, Any]) -> str:
    told = ", ".join(f"{key} = {_shown(value)}" for key, value in named.items())
    if any(key.endswith("base_url") for key in named):
        told += " (the key in api_key_env, by default OPENAI_API_KEY, is sent to base_url)"
    return told


def _shown(value: Any) -> str:
    """A value for the terminal, without a password or a key that an address may hold."""
    return one_line(_SECRET.sub(r"\1\2***", repr(value)), 200)


def _stored_tables(stored: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By table, or key of the top, the marked values of a recipe as TOML that are no defaults."""
    tables: dict[str, dict[str, Any]] = {}
    for key, field, value, _ in walk(Recipe, stored):
        if is_marked(field, "outside") and value not in (field.default, [*field.default]):
            table, _, name = key.partition(".")
            tables.setdefault(table, {})[name or table] = value
    return tables


def _remember(folder: Location, tables: Mapping[str, Mapping[str, Any]]) -> None:
    for table, values in tables.items():
        path = _path(folder, table, values)
        with storing(path):
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                path.touch(mode=0o600)


def _path(folder: Location, table: str, values: Mapping[str, Any]) -> Path:
    """The empty file that is there where this table of the recipe in ``folder`` is trusted."""
    where = os.path.realpath(folder) if isinstance(folder, Path) else folder.url
    told = json.dumps([where, table, values], sort_keys=True, default=str)
    name = blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return state_folder() / "trust" / name
