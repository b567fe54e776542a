"""Strict reading of TOML: a bad file stops the run with its path, its key and the remedy."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from crowdglot.bounded_files import decoded
from crowdglot.errors import ConfigurationError, MaterialError
from crowdglot.printable import one_line

_MOST_BYTES = 1 << 26
MOST_DEEP = 50
# tomllib keeps all beginnings of a dotted key: of one with 80,000 parts, 25 GB.
_PART_OF_KEY = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+"""
_LONG_KEY = re.compile(rf"""(?<![\w"'.-])(?:{_PART_OF_KEY}){{{MOST_DEEP}}}""")


class Strict(BaseModel):
    """A table in which an unknown or misspelt key is an error."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True
    )

    def idle(self) -> frozenset[str]:
        """Fields that do nothing as the other fields of the table stand."""
        return frozenset()


Model = TypeVar("Model", bound=BaseModel)
Setting = tuple[str, FieldInfo, Any, Any]  # dotted key, field, value, the table that it stands in


def free(default: Any, *, outside: bool = False, **limits: Any) -> Any:
    """A pydantic ``Field`` with ``limits`` such as ``ge=0`` on which no row of a dataset depends.

    So it may differ between two runs that write the same dataset. ``outside``: see ``outside``.
    """
    return Field(default, json_schema_extra={"free": True, "outside": outside}, **limits)


def outside(default: Any, **limits: Any) -> Any:
    """A ``Field`` by which a recipe reaches out of its dataset: an address, a key's name, a file.

    Of a recipe that lies in a dataset it counts only where the user trusts that (see
    ``datasets.trust``).
    """
    return Field(default, json_schema_extra={"outside": True}, **limits)


def is_marked(field: FieldInfo, mark: Literal["free", "outside"]) -> bool:
    """Whether ``field`` was made by the function of this name."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get(mark))


def parse_toml(text: str) -> dict[str, Any]:
    """The table of a TOML text; ValueError where it is none, RecursionError where it is nested
    more deeply than any of ours."""
    # No key goes on in another line, and few lines have so many dots: the pattern is slow.
    long = (line for line in text.split("\n") if line.count(".") >= MOST_DEEP)
    if any(map(_LONG_KEY.search, long)):
        raise RecursionError("nested too deeply")
    table = tomllib.loads(text)
    level: list[Any] = [table]
    for _ in range(MOST_DEEP):
        inside = [one.values() if isinstance(one, dict) else one for one in level]
        level = [one for some in inside for one in some if isinstance(one, dict | list)]
    if level:
        raise RecursionError("nested too deeply")
    return table


def walk(kind: type[BaseModel], table: Any, prefix: str = "") -> Iterator[Setting]:
    """What ``table``, an instance of ``kind`` or TOML that may be none, gives of its fields.

    In their order, those of the tables in it by dotted keys; nothing of what is no table.
    """
    told = dict(table) if isinstance(table, BaseModel | Mapping) else {}
    for name, field in kind.model_fields.items():
        key, value, inner = f"{prefix}{name}", told.get(name), _table_of(field)
        if inner is None:
            yield from [(key, field, value, table)] if name in told else ()
        elif isinstance(field.annotation, type):
            yield from walk(inner, value, f"{key}.")
        elif isinstance(value, Mapping):
            for of, one in value.items():
                yield from walk(inner, one, f"{key}.{of}.")


def _table_of(field: FieldInfo) -> type[BaseModel] | None:
    """The table that a field holds, or several of."""
    kinds = (field.annotation, *get_args(field.annotation))
    return next(
        (one for one in kinds if isinstance(one, type) and issubclass(one, BaseModel)), None
    )


def read_toml(path: Path) -> dict[str, Any]:
    """Parse ``path``; raise ConfigurationError when it is missing, not UTF-8 or not TOML."""
    try:
        return parse_toml(decoded(path, _MOST_BYTES))
    except MaterialError as error:
        raise ConfigurationError(str(error)) from None
    except RecursionError:
        raise ConfigurationError(f"{path}: not valid TOML: nested too deeply.") from None
    except ValueError as error:  # also of a number with thousands of digits
        raise ConfigurationError(f"{path}: not valid TOML: {one_line(error, 200)}.") from None


def validate(model: type[Model], table: dict[str, Any], where: Path | str) -> Model:
    """Check ``table`` against ``model``; raise ConfigurationError naming every bad field."""
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise ConfigurationError(f"{where}: {_describe(error, model)}") from None


def _describe(error: ValidationError, model: type[BaseModel]) -> str:
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
            # The message of a check of the whole table names its fields itself.
            problems.append(f"'{field}': {reason}" if field else reason)
    return "; ".join(problems) + "."


def _known_fields(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys allowed where an unknown one stood."""
    for part in location[:-1]:
        if field := model.model_fields.get(str(part)):
            model = _table_of(field) or model
    return sorted(model.model_fields)


def read_folder(folder: Path, model: type[Model], key: str) -> dict[str, Model]:
    """Every file NAME.toml of a folder that holds such files only, by name and sorted.

    ``key``: the field that repeats the file's name. ConfigurationError names the file and the key
    of the first mistake. Hidden files, editors' copies ("fr.toml~") and Python's own are skipped.
    """
    found = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_", "#")) or path.name.endswith("~"):
            continue
        if path.suffix != ".toml" or path.is_dir():
            raise ConfigurationError(
                f"{path}: this folder holds .toml files only; rename the file or move it away."
            )
        entry = validate(model, read_toml(path), path)
        if getattr(entry, key) != path.stem:
            raise ConfigurationError(
                f"{path}: '{key}' is '{getattr(entry, key)}'; it must be the file's name."
            )
        found[path.stem] = entry
    return found
