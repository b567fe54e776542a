"""Experiments: several datasets, the arms, of one base recipe, each with some keys changed.

An experiment is one TOML file: ``name``; ``recipe``, a table or the name of one; ``[arms.<name>]``,
the keys that the arm changes. The bundled ones lie in this folder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from crowdglot.datasets.storage.location import Location, locate
from crowdglot.errors import ConfigurationError
from crowdglot.recipes import build_recipe, read_recipe
from crowdglot.strict_toml import Strict, read_toml, validate
from crowdglot.writing.recipe import Recipe

_FOLDER = Path(__file__).parent
_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
# What the experiment gives each arm itself.
_OWN = ("name", "output")
# What tells who talks with whom about what: arms that agree on it are paired by scenario.
_OF_THE_PLAN = ("seed", "languages", "events", "turns", "personas")


class ExperimentFile(Strict):
    """The file. ``output``: the folder of the arms' folders, by default below outputs/datasets."""

    name: str = Field(pattern=_NAME)
    recipe: str | dict[str, Any]
    arms: dict[str, dict[str, Any]] = Field(min_length=2)
    output: str = ""


@dataclass(frozen=True, slots=True)
class Experiment:
    """``folder``: where the arms' folders lie. ``arms``: each one's recipe, by its name. ``notes``:
    a sentence on each arm that has another plan than the first."""

    name: str
    folder: Location
    arms: Mapping[str, Recipe]
    notes: tuple[str, ...] = ()


def read_experiment(source: str, changes: Sequence[str] = (), output: str = "") -> Experiment:
    """An experiment by path, or by the name of a bundled one.

    ``changes``: "key=value" on top of the base recipe, below what the arms change. ``output``:
    another folder. ConfigurationError names file, key and remedy.
    """
    bundled = _FOLDER / f"{source}.toml"
    path = bundled if bundled.exists() else Path(source)
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in _FOLDER.glob("*.toml")))
        raise ConfigurationError(
            f"{source}: no such experiment; give the path of a TOML file or one of: {known}."
        )
    told = validate(ExperimentFile, read_toml(path), path)
    base = _base(told, path, changes).model_dump(mode="json")
    folder = output or told.output or f"outputs/datasets/{told.name}"
    arms = {
        name: _arm(told, name, base, f"{folder.rstrip('/')}/{name}", path) for name in told.arms
    }
    return Experiment(told.name, locate(folder), arms, tuple(_other_plans(arms)))


def _base(told: ExperimentFile, path: Path, changes: Sequence[str]) -> Recipe:
    if isinstance(told.recipe, dict):
        return build_recipe({"name": told.name} | told.recipe, changes, f"{path}: recipe")
    beside = path.parent / told.recipe
    return read_recipe(str(beside) if beside.is_file() else told.recipe, changes)


def _arm(
    told: ExperimentFile, name: str, base: Mapping[str, Any], folder: str, path: Path
) -> Recipe:
    where, changed = f"{path}: arms.{name}", told.arms[name]
    if own := next((key for key in _OWN if key in changed), ""):
        raise ConfigurationError(f"{where}: '{own}' is the experiment's to give; leave it out.")
    named = {"name": f"{told.name}-{name}", "output": folder}
    return build_recipe(_merged(base, changed) | named, (), where)


def _merged(base: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the keys of ``changed``, table by table."""
    both = {
        key: _merged(base[key], value)
        for key, value in changed.items()
        if isinstance(value, Mapping) and isinstance(base.get(key), Mapping)
    }
    return {**base, **changed, **both}


def _other_plans(arms: Mapping[str, Recipe]) -> list[str]:
    first, *others = arms.items()
    return [
        f"arms.{name}: '{key}' is another than in arms.{first[0]}, so their dialogues are not of "
        "the same scenarios and are not compared in pairs."
        for name, recipe in others
        for key in _OF_THE_PLAN
        if getattr(recipe, key) != getattr(first[1], key)
    ]
