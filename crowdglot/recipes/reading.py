"""Reading recipes: a TOML file, a bundled name or a dataset's folder, with key=value on top."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crowdglot.datasets.folder import FORMAT, RECIPE, read_stored_recipe
from crowdglot.datasets.storage.location import Location, is_url, locate
from crowdglot.engines.settings import EmbeddingSettings
from crowdglot.errors import ConfigurationError
from crowdglot.strict_toml import read_toml, validate
from crowdglot.writing.recipe import Recipe

RECIPES = Path(__file__).parent
_REJUDGED = ("critics.", "duplicates.")


def read_recipe(source: str, changes: Sequence[str] = ()) -> Recipe:
    """A recipe by the name of a bundled one or by path, with ``key=value`` changes on top.

    The folder of a dataset, or its URL, stands for the recipe that made it, and is the output,
    wherever it was made. Raises ConfigurationError naming file, key and remedy.
    """
    bundled = RECIPES / f"{source}.toml"
    path = bundled if bundled.exists() else Path(source)
    if is_url(source) or path.is_dir():
        return _of_dataset(source, changes)
    if not path.exists():
        known = ", ".join(sorted(recipe.stem for recipe in RECIPES.glob("*.toml")))
        raise ConfigurationError(
            f"{source}: no such recipe; give the path of a TOML file or one of: {known}."
        )
    table = read_toml(path)
    if table.get("format") == FORMAT:  # a dataset's own file, which says more than a recipe does
        table = {key: table[key] for key in table.keys() - {"format", "identity"}}
    return build_recipe(table, changes, where=str(path))


def build_recipe(table: dict[str, Any], changes: Sequence[str], where: str) -> Recipe:
    """Check ``table`` with ``changes`` applied; ``where`` names it in errors."""
    _change(table, changes)
    try:
        return validate(Recipe, table, where)
    except ConfigurationError as error:
        # A language or an event that does not exist names its key, but not the file.
        sentence = str(error)
        raise ConfigurationError(
            sentence if sentence.startswith(where) else f"{where}: {sentence}"
        ) from None


def read_rejudged(source: str, changes: Sequence[str]) -> Recipe:
    """The recipe of a dataset with other critics: only keys of them and of duplicates may change.

    ``source``: its folder or URL. ConfigurationError, or StorageError where it is no dataset.
    """
    if strange := [change for change in changes if not change.startswith(_REJUDGED)]:
        raise ConfigurationError(
            f"--set {strange[0]}: rejudge changes keys under 'critics' and 'duplicates' only; "
            "for another recipe run `crowdglot synthesize` with another output."
        )
    return _of_dataset(source, changes)


def _of_dataset(source: str, changes: Sequence[str]) -> Recipe:
    folder = locate(source)
    table = read_stored_recipe(folder)
    table.pop("identity", None)
    table["output"] = source
    return build_recipe(table, changes, where=str(folder / RECIPE))


def read_embedding(folder: Location, changes: Sequence[str]) -> EmbeddingSettings:
    """The settings of a dataset's embedding model, with "embedding.key=value" changes on top."""
    table = {"embedding": dict(read_stored_recipe(folder).get("embedding") or {})}
    for change in changes:
        if not change.startswith("embedding."):
            raise ConfigurationError(
                f"--set {change}: a report asks no other model; only keys of 'embedding' change it."
            )
    _change(table, changes)
    return validate(EmbeddingSettings, table["embedding"], f"{folder / RECIPE}: embedding")


def _change(table: dict[str, Any], changes: Sequence[str]) -> None:
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals or not key.strip():
            raise ConfigurationError(f"--set {change}: write it as key=value.")
        _put(table, key.strip().split("."), _literal(value.strip()), change)


def _put(table: dict[str, Any], path: list[str], value: Any, change: str) -> None:
    for part in path[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise ConfigurationError(f"--set {change}: '{part}' is no table, it has no keys.")
    table[path[-1]] = value


def _literal(text: str) -> Any:
    """A TOML value where the text is one, else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
