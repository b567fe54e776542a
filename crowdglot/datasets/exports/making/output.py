"""The folder of an export: written beside its place and renamed, so that it is there whole."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from crowdglot.datasets.exports.making.export import Made, Record
from crowdglot.datasets.storage.files import storing
from crowdglot.errors import StorageError

# It names the files of an export, so that only a folder of these is ever replaced.
FACTS = "export.json"
# Legal in JSON, but ends of lines to Python's splitlines, by which ParlAI reads a file.
_LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}


def check_target(target: Path) -> None:
    """Raise StorageError unless ``target`` is new, empty, or an export and nothing else.

    What somebody put beside an export, such as a model that was trained there, is not ours to
    delete.
    """
    with storing(target):
        if target.is_dir():
            strange = sorted({path.name for path in target.iterdir()} - _own_files(target))
            there = f"holds '{strange[0]}', which is of no export" if strange else ""
        else:
            there = "is a file" if target.exists() or target.is_symlink() else ""
    if there:
        raise StorageError(f"{target}: {there}; choose with --to a folder that is new or empty.")


def _own_files(folder: Path) -> set[str]:
    """The files that an earlier export wrote to the folder; none where it is no export."""
    try:
        return {FACTS, *json.loads((folder / FACTS).read_text("utf-8"))["files"]}
    except (OSError, ValueError, LookupError, TypeError):
        return set()


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """Give a temporary folder to fill, which becomes ``target`` at the end.

    On an error, or a kill, ``target`` is as before.
    """
    with storing(target):
        target = target.resolve()  # what a link leads to is replaced, not the link
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        temporary = _beside(target, f"{os.getpid()}.tmp")
        temporary.mkdir()
        try:
            yield temporary
            for path in temporary.iterdir():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
            check_target(target)
            _swap(temporary, target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def _swap(temporary: Path, target: Path) -> None:
    """Put ``temporary`` in the place of ``target``, which is an earlier export or not there."""
    old = _beside(target, f"{os.getpid()}.old")
    if target.exists():
        target.rename(old)
    try:
        temporary.rename(target)
    except BaseException:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _beside(target: Path, ending: str) -> Path:
    return target.with_name(f".{target.name}.{ending}")


def _sweep(target: Path) -> None:
    """Delete what processes left that were killed while they wrote this export."""
    for path in target.parent.glob(f".{target.name}.*"):
        number, _, kind = path.name.removeprefix(f".{target.name}.").partition(".")
        if kind in ("tmp", "old") and number.isdigit() and not _lives(int(number)):
            shutil.rmtree(path, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return process != os.getpid()


def write_records(
    folder: Path, files: Mapping[str, str], records: Iterable[Record], made: Made
) -> None:
    """Write every record to the file of its split; a split without any has no file."""
    with ExitStack() as stack:
        opened: dict[str, Any] = {}
        for record in records:
            if record.split not in opened:
                path = folder / files[record.split]
                opened[record.split] = stack.enter_context(path.open("w", encoding="utf-8"))
            opened[record.split].write(f"{as_line(record.fields)}\n")
            made.add(record)


def as_line(value: Any) -> str:
    """JSON on one line, whatever a reader takes for the end of one."""
    return json.dumps(value, ensure_ascii=False).translate(_LINE_ENDS)
