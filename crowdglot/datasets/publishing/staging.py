"""What of a dataset's folder is published, and what of it the repository does not hold yet."""

import shutil
from collections.abc import Mapping
from hashlib import file_digest, sha1
from pathlib import Path

from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage import seal
from crowdglot.datasets.storage.files import storing
from crowdglot.datasets.tables import unreadable
from crowdglot.errors import StorageError

# Beside the Parquet files; those that are written anew for the repository are not among them.
_BESIDE = ("metrics.json", "report.html", "failed.jsonl", "withdrawals.jsonl")


def published_files(folder: Path) -> dict[str, Path]:
    """The files that are published as they are, by their paths in the repository.

    StorageError where one is a link: it could lead to a file of somebody's that is no part of it.
    """
    paths = [path for part in ("data", "rejected") for path in files_of(folder, part)]
    files = {}
    for path in [*paths, *(folder / name for name in _BESIDE)]:
        if not isinstance(path, Path) or not path.exists():
            continue
        own = folder.resolve() / path.relative_to(folder)
        if path.resolve() != own or not path.is_file():
            raise StorageError(
                f"{path}: a link, which is not published; put the file itself there."
            )
        files[str(path.relative_to(folder).as_posix())] = path
    return files


def differing(files: Mapping[str, Path], there: Mapping[str, str]) -> dict[str, Path]:
    """Those of ``files`` that are not in the repository as they are here; ``there``: its hashes.

    StorageError where one of them is a Parquet file that is not as it was written.
    """
    changed = {name: path for name, path in files.items() if not _is(path, there.get(name, ""))}
    for name, path in changed.items():
        if name.endswith(".parquet") and not seal.holds(path):
            raise unreadable(path, "damaged", "its checksum is not that of its content")
    return changed


def _is(path: Path, told: str) -> bool:
    """Whether ``told`` is the hash of the file: git's of 40 digits, or SHA-256."""
    if not told:
        return False
    with path.open("rb") as file:
        if len(told) > 40:
            return file_digest(file, "sha256").hexdigest() == told
        git = sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
        while block := file.read(1 << 20):
            git.update(block)
    return git.hexdigest() == told


def link_into(folder: Path, files: Mapping[str, Path]) -> Path:
    """Give a folder in which ``files`` lie under their names in the repository."""
    folder.mkdir()
    for name, path in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with storing(target):
            try:
                target.hardlink_to(path)
            except OSError:  # another file system
                try:
                    target.symlink_to(path.resolve())
                except OSError:
                    shutil.copyfile(path, target)
    return folder
