"""Reading recipes: a TOML file, a bundled name or a dataset's folder, with key=value on top."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from crowdglot.datasets.folder import RECIPE, read_stored_recipe
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.location import Location, is_url, locate
from crowdglot.engines.settings import EmbeddingSettings
from crowdglot.errors import ConfigurationError
from crowdglot.printable import one_line, whole
from crowdglot.strict_toml import MOST_DEEP, parse_toml, read_toml, validate
from crowdglot.writing.recipe import Recipe
from crowdglot.writing.trust import demand_answers, demand_trust, reaching, trust_stored

RECIPES = Path(__file__).parent
_REJUDGED = ("critics.", "duplicates.")


def read_recipe(source: str, changes: Sequence[str] = (), *, going_on: bool = False) -> Recipe:
    """A recipe by the name of a bundled one or by path, with ``key=value`` changes on top.

    The folder of a dataset, or its URL, stands for the recipe that made it, and is the output,
    wherever it was made; what it reaches outside of the dataset must be trusted (see
    ``writing.trust``) or changed. ``going_on``: whether what is stored in it will be used, too.
    Raises ConfigurationError naming file, key and remedy.
    """
    bundled = RECIPES / f"{source}.toml"
    path = bundled if bundled.exists() else Path(source)
    if is_url(source) or path.is_dir():
        return _of_dataset(source, changes, going_on=going_on)
    if not path.exists():
        known = ", ".join(sorted(recipe.stem for recipe in RECIPES.glob("*.toml")))
        raise ConfigurationError(
            f"{source}: no such recipe; give the path of a TOML file or one of: {known}."
        )
    table = read_toml(path)
    # A dataset's own file says more than a recipe does, and is nobody's word by being named.
    theirs = bool({"format", "identity"} & table.keys()) or (
        path.name == RECIPE and bool(files_of(path.parent, "data"))
    )
    stored = {key: table[key] for key in table.keys() - {"format", "identity"}}
    recipe = build_recipe(deepcopy(stored), changes, where=str(path))
    if theirs:
        _demand(path.parent, stored, recipe, _keys(changes), going_on=going_on)
    return recipe


def build_recipe(table: dict[str, Any], changes: Sequence[str], where: str) -> Recipe:
    """Check ``table`` with ``changes`` applied; ``where`` names it in errors."""
    changed(table, changes)
    if bad := next(_unwritable(table, ""), ""):
        raise ConfigurationError(
            f"{where}: '{bad}' holds a character that no file or name can hold; correct it."
        )
    try:
        return validate(Recipe, table, where)
    except ConfigurationError as error:
        # A language or an event that does not exist names its key, but not the file.
        sentence = str(error)
        raise ConfigurationError(
            sentence if sentence.startswith(where) else f"{where}: {sentence}"
        ) from None


def _unwritable(value: Any, key: str) -> Iterator[str]:
    """Keys whose text holds a NUL, or bytes that are no UTF-8."""
    if isinstance(value, str) and ("\0" in value or whole(value) != value):
        yield key
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from _unwritable(one, f"{key}.{name}".lstrip("."))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _unwritable(one, key)


def read_rejudged(source: str, changes: Sequence[str]) -> Recipe:
    """The recipe of a dataset with other critics: only keys of them and of duplicates may change.

    ``source``: its folder or URL. ConfigurationError, or StorageError where it is no dataset.
    """
    if strange := [change for change in changes if not change.startswith(_REJUDGED)]:
        raise ConfigurationError(
            f"--set {strange[0]}: rejudge changes keys under 'critics' and 'duplicates' only; "
            "for another recipe run `crowdglot synthesize` with another output."
        )
    return _of_dataset(source, changes, unused=("engine", "machines"), going_on=True)


def trust_dataset(source: str | Path) -> str:
    """Trust the recipe of the dataset in this folder, at this URL or in this file, from now on.

    Returns a sentence that says what it reaches; "" where ``source`` is no dataset's. Raises
    ConfigurationError or StorageError.
    """
    path = Path(source)
    if path.name == RECIPE and path.is_file():
        path = path.parent
    elif not is_url(str(source)) and not path.is_dir():
        return ""
    folder = locate(str(source)) if is_url(str(source)) else path
    stored = read_stored_recipe(folder)
    stored.pop("identity", None)
    return trust_stored(folder, stored)


def _of_dataset(
    source: str, changes: Sequence[str], unused: Sequence[str] = (), *, going_on: bool
) -> Recipe:
    """The recipe of a dataset. ``unused``: tables of which nothing is going to be used."""
    folder = locate(source)
    stored = read_stored_recipe(folder)
    stored.pop("identity", None)
    table = deepcopy(stored) | {"output": source}
    recipe = build_recipe(table, changes, where=str(folder / RECIPE))
    _demand(folder, stored, recipe, ("output", *unused, *_keys(changes)), going_on=going_on)
    return recipe


def _demand(
    folder: Location,
    stored: Mapping[str, Any],
    recipe: Recipe,
    given: Sequence[str],
    *,
    going_on: bool,
) -> None:
    """Raise where what is used of a dataset may be a stranger's; ``given``: keys that are not."""
    demand_trust(folder, stored, reaching(recipe), given)
    if going_on and recipe.judges and recipe.believed:
        demand_answers(folder)


def _keys(changes: Sequence[str]) -> list[str]:
    return [change.partition("=")[0].strip() for change in changes]


def read_embedding(folder: Location, changes: Sequence[str]) -> EmbeddingSettings:
    """The settings of a dataset's embedding model, with "embedding.key=value" changes on top.

    ConfigurationError where the dataset's own reach somebody who is not trusted.
    """
    stored = read_stored_recipe(folder)
    own = stored.get("embedding") or {}
    table = {"embedding": dict(own) if isinstance(own, Mapping) else own}
    for change in changes:
        if not change.startswith("embedding."):
            raise ConfigurationError(
                f"--set {change}: a report asks no other model; only keys of 'embedding' change it."
            )
    changed(table, changes)
    settings = validate(EmbeddingSettings, table["embedding"], f"{folder / RECIPE}: embedding")
    demand_trust(folder, stored, reaching(settings, "embedding."), _keys(changes))
    return settings


def read_reference(folder: Location) -> Path | None:
    """The human dialogues that a dataset names to be compared with, where they are here.

    ConfigurationError where that is not trusted.
    """
    stored = read_stored_recipe(folder)
    named = stored.get("reference")
    if not named or not isinstance(named, str) or not Path(named).exists():
        return None
    demand_trust(folder, stored, {"reference": named}, ())
    return Path(named)


def changed(table: dict[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """``table`` with ``key=value`` changes made in it."""
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals or not key.strip():
            raise ConfigurationError(f"--set {change}: write it as key=value.")
        if key.count(".") >= MOST_DEEP:
            raise ConfigurationError(f"--set {one_line(change, 200)}: nested too deeply.")
        _put(table, key.strip().split("."), _literal(value.strip()), change)
    return table


def _put(table: dict[str, Any], path: list[str], value: Any, change: str) -> None:
    for part in path[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise ConfigurationError(f"--set {change}: '{part}' is no table, it has no keys.")
    table[path[-1]] = value


def _literal(text: str) -> Any:
    """A TOML value where the text is one, else the text itself."""
    try:
        return parse_toml(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text
