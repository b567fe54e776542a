"""``ratings.jsonl``: what people say of a dataset's dialogues, one line a rating.

A line is a checksum and a JSON object, and is on the disk before the rater is told. Several
processes may append: each locks the file while it writes. A line that cannot be read is skipped and
counted. Of one rater and draft the last line counts. Of a dataset at a URL the file stays here.
"""

import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson

from crowdglot.datasets.storage.files import storing
from crowdglot.datasets.storage.guarded import GUARDED, check_regular
from crowdglot.datasets.storage.location import Location, local_folder
from crowdglot.errors import ConfigurationError
from crowdglot.languages.folding import composed
from crowdglot.printable import one_line

RATINGS = "ratings.jsonl"
SCALES = ("fluency", "naturalness", "persona", "event")
DECISIONS = ("accept", "reject")
_MOST_NAME, _MOST_BYTES = 80, 1 << 16  # characters of a rater's name, bytes of a line
_BIG = 1 << 63
_HASH = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Rating:
    """What one rater says of one draft.

    ``turns``: ``turns_hash`` of the dialogue as it was read. ``scores``: 1 to 5 by the names of
    ``SCALES``, those left out unknown. ``decision``: one of ``DECISIONS``, or "". ``withdraw``:
    whether a rejected dialogue is to leave the dataset. ``at``: seconds since 1970.
    """

    rater: str
    language: str
    index: int
    attempt: int
    turns: str
    scores: Mapping[str, int]
    decision: str
    withdraw: bool
    at: float

    @property
    def draft(self) -> tuple[str, int, int, str]:
        """What is rated."""
        return (self.language, self.index, self.attempt, self.turns)


@dataclass(frozen=True, slots=True)
class Ratings:
    """``last``: of every rater and draft, in the order of the file. ``skipped``: lines that could
    not be read."""

    last: tuple[Rating, ...] = ()
    skipped: int = 0


def rater_name(name: str) -> str:
    """A rater's name as it is stored; ConfigurationError where it is empty or too long."""
    told = one_line(composed(name))
    if not told or len(told) > _MOST_NAME:
        raise ConfigurationError(
            f"The rater's name has {len(told)} characters; give one of 1 to {_MOST_NAME}."
        )
    return told


def ratings_file(folder: Location) -> Path:
    """Where the ratings of a dataset lie: always on this machine."""
    return local_folder(folder) / RATINGS


def append_rating(path: Path, rating: Rating) -> None:
    """Store a rating; StorageError, and the file as before, where it cannot be stored."""
    body = orjson.dumps(asdict(rating))
    line = b"%08x %s\n" % (crc32(body), body)
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        check_regular(path)
        file = os.open(path, os.O_RDWR | os.O_CREAT | GUARDED, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            end = os.lseek(file, 0, os.SEEK_END)
            # Whatever a crash left of a line shall not spoil this one.
            if end and os.pread(file, 1, end - 1) != b"\n":
                line = b"\n" + line
            try:
                _write(file, line)
                os.fsync(file)
            except OSError:
                os.ftruncate(file, end)
                raise
        finally:
            os.close(file)


def _write(file: int, line: bytes) -> None:
    while line:
        line = line[os.write(file, line) :]


def read_ratings(path: Path) -> Ratings:
    """All ratings that count; none where there is no file."""
    last: dict[Any, Rating] = {}
    skipped = 0
    with storing(path):
        for line in _lines(path):
            if (rating := _decoded(line)) is None:
                skipped += 1
                continue
            key = (rating.rater, rating.draft)
            last.pop(key, None)
            last[key] = rating
    return Ratings(tuple(last.values()), skipped)


def _lines(path: Path) -> Iterator[bytes]:
    check_regular(path)
    with suppress(FileNotFoundError), path.open("rb") as file:
        while line := file.readline(_MOST_BYTES):
            if line != b"\n":
                yield line


def _decoded(line: bytes) -> Rating | None:
    checksum, _, body = line.rstrip(b"\n").partition(b" ")
    if checksum != b"%08x" % crc32(body):
        return None
    try:
        return parse_rating(orjson.loads(body))
    except (ValueError, TypeError, ConfigurationError):
        return None  # the checksum is right, and yet no rating of ours


def parse_rating(told: Any) -> Rating:
    """The rating with these fields; ConfigurationError says which one is wrong."""
    if not isinstance(told, dict) or set(told) != set(Rating.__dataclass_fields__):
        raise ConfigurationError("A rating has other fields than these; reload the page.")
    scores, decision, at = told["scores"], told["decision"], told["at"]
    kinds = {"rater": str, "language": str, "turns": str, "decision": str, "withdraw": bool}
    for name, kind in kinds.items():
        _check(isinstance(told[name], kind), name, told[name], f"a {kind.__name__}")
    for name in ("index", "attempt"):
        _check(_is_whole(told[name], 0, _BIG - 1), name, told[name], "a whole number")
    _check(bool(_HASH.fullmatch(told["turns"])), "turns", told["turns"], "a hash")
    _check(decision in ("", *DECISIONS), "decision", decision, "accept, reject or nothing")
    _check(isinstance(scores, dict) and set(scores) <= set(SCALES), "scores", scores, "of ours")
    for name, score in scores.items():
        _check(_is_whole(score, 1, 5), name, score, "a whole number from 1 to 5")
    _check(bool(scores or decision), "scores", "nothing", "a score or a decision")
    _check(type(at) in (int, float) and isfinite(at), "at", at, "a time")
    _check(not told["withdraw"] or decision == "reject", "withdraw", True, "only for a reject")
    return Rating(**told | {"rater": rater_name(told["rater"])})


def _check(holds: bool, name: str, value: object, wanted: str) -> None:
    if not holds:
        raise ConfigurationError(f"'{name}' is {one_line(repr(value), 40)} and must be {wanted}.")


def _is_whole(value: object, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most
