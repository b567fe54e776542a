"""Strict reading of TOML: a bad file stops the run with its path, its key and the remedy."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from crowdglot.errors import ConfigurationError


class Strict(BaseModel):
    """A table in which an unknown or misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=BaseModel)


def free(default: Any, **limits: Any) -> Any:
    """A field on which no row of a dataset depends, so that it may differ between two of its runs.

    Otherwise as pydantic's ``Field``, which takes ``limits`` such as ``ge=0``.
    """
    return Field(default, json_schema_extra={"free": True}, **limits)


def is_free(field: FieldInfo) -> bool:
    """Whether ``field`` was made by ``free``."""
    return field.json_schema_extra == {"free": True}


def data_folder(package: str) -> Path:
    """Where the TOML files of a package that holds data only lie."""
    folder = files(package)
    assert isinstance(folder, Path), package
    return folder


def read_toml(path: Path) -> dict[str, Any]:
    """Parse ``path``; raise ConfigurationError when it is missing, not UTF-8 or not TOML."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: no such file; check the path.") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}.") from None


def validate(model: type[Model], table: dict[str, Any], where: Path | str) -> Model:
    """Check ``table`` against ``model``; raise ConfigurationError naming every bad field."""
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise ConfigurationError(f"{where}: {describe(error, model)}") from None


def describe(error: ValidationError, model: type[BaseModel]) -> str:
    """One sentence for all problems of a ValidationError: field, what is wrong, what to do."""
    problems = []
    for problem in error.errors(include_url=False):
        field = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            known = _known_fields(model, problem["loc"])
            problems.append(f"'{field}' is not a known key (known here: {', '.join(known)})")
        elif problem["type"] == "missing":
            problems.append(f"'{field}' is missing")
        else:
            reason = problem["msg"].removeprefix("Value error, ")
            reason = f"{reason[:1].lower()}{reason[1:]}"
            # A check of the whole table names its fields itself.
            problems.append(f"'{field}': {reason}" if field else reason)
    return "; ".join(problems) + "."


def _known_fields(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys allowed where an unknown one stood."""
    for part in location[:-1]:
        field = model.model_fields.get(str(part))
        if field is None:
            continue
        candidates = [field.annotation, *getattr(field.annotation, "__args__", ())]
        for candidate in candidates:
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
                break
    return sorted(model.model_fields)
