"""``ratings.jsonl``: what people say of a dataset's dialogues, one line a rating.

A line is a checksum and a JSON object, and is on the disk before the rater is told. Several
processes may append: each locks the file while it writes. A line that cannot be read is skipped and
counted. Of one rater and draft the last line counts. Of a dataset at a URL the file stays here.
"""

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, BinaryIO, Literal, Self
from zlib import crc32

import orjson
from pydantic import AfterValidator, Field, model_validator

from crowdglot.datasets.storage.files import storing
from crowdglot.datasets.storage.guarded import GUARDED, check_regular
from crowdglot.errors import ConfigurationError, StorageError
from crowdglot.languages.folding import composed
from crowdglot.languages.language import resolve_language
from crowdglot.printable import one_line
from crowdglot.strict_toml import Strict, validate

RATINGS = "ratings.jsonl"
SCALES = ("fluency", "naturalness", "persona", "event")
DECISIONS = ("accept", "reject")
Draft = tuple[str, int, int, str]  # language, index, attempt, ``turns_hash``
_MOST_NAME, _MOST_BYTES = 80, 1 << 16  # characters of a rater's name, bytes of a line
_MOST_IN_ALL = 1 << 28
_Whole = Annotated[int, Field(strict=True, ge=0, lt=1 << 63)]
_Score = Annotated[int, Field(strict=True, ge=1, le=5)]


def rater_name(name: str) -> str:
    """A rater's name as it is stored and looked for."""
    return one_line(composed(name))


def _fit(name: str) -> str:
    if not 0 < len(name) <= _MOST_NAME:
        raise ValueError(f"the name must have 1 to {_MOST_NAME} characters")
    return name


def _known(tag: str) -> str:
    resolve_language(tag)
    return tag


Name = Annotated[str, AfterValidator(rater_name)]


class Rating(Strict):
    """What one rater says of one draft.

    ``turns``: ``turns_hash`` of the dialogue as it was read. ``scores``: 1 to 5, those left out
    unknown. ``withdraw``: whether a rejected dialogue is to leave the dataset. ``at``: seconds
    since 1970.
    """

    rater: Annotated[Name, AfterValidator(_fit)]
    language: Annotated[str, AfterValidator(_known)]
    index: _Whole
    attempt: _Whole
    turns: str = Field(pattern="^[0-9a-f]{16}$")
    scores: dict[Literal["fluency", "naturalness", "persona", "event"], _Score]
    decision: Literal["", "accept", "reject"]
    withdraw: bool = Field(strict=True)
    at: float

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.scores and not self.decision:
            raise ValueError("give a score, or accept or reject")
        if self.withdraw and self.decision != "reject":
            raise ValueError("only what is rejected is withdrawn")
        return self

    @property
    def draft(self) -> Draft:
        """What is rated."""
        return (self.language, self.index, self.attempt, self.turns)


@dataclass(frozen=True, slots=True)
class Ratings:
    """``last``: of every rater and draft, in the order of the file. ``skipped``: lines that could
    not be read."""

    last: tuple[Rating, ...] = ()
    skipped: int = 0


def append_rating(path: Path, rating: Rating) -> None:
    """Store a rating; StorageError, and the file as before, where it cannot be stored."""
    body = orjson.dumps(rating.model_dump())
    line = b"%08x %s\n" % (crc32(body), body)
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        check_regular(path)
        file = os.open(path, os.O_RDWR | os.O_CREAT | GUARDED, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            end = os.lseek(file, 0, os.SEEK_END)
            # Whatever a crash left of a line shall not spoil this one.
            line = b"\n" + line if end and os.pread(file, 1, end - 1) != b"\n" else line
            try:
                while line:
                    line = line[os.write(file, line) :]
                os.fsync(file)
            except OSError:
                os.ftruncate(file, end)
                raise
        finally:
            os.close(file)


@dataclass(slots=True)
class Read:
    """What a reader has read of the raters' file, for several threads: ``file``: which file it was
    (device, inode); ``offset``: bytes of the whole lines that were parsed."""

    lock: Lock = field(default_factory=Lock)
    file: tuple[int, int] = (0, 0)
    offset: int = 0
    last: dict[Any, Rating] = field(default_factory=dict)
    skipped: int = 0

    def go_on(self, file: BinaryIO, about: os.stat_result) -> None:
        """Parse what came after ``offset``, or all of another file or one that was cut; a last line
        without its end waits for it."""
        same = (about.st_dev, about.st_ino)
        if self.file != same or about.st_size < self.offset:
            self.file, self.offset, self.last, self.skipped = same, 0, {}, 0
        file.seek(self.offset)
        while line := file.readline(_MOST_BYTES):
            if not line.endswith(b"\n") and len(line) < _MOST_BYTES:
                return
            self.offset += len(line)
            if (rating := _decoded(line)) is None:
                self.skipped += line != b"\n"
                continue
            key = (rating.rater, rating.draft)
            self.last.pop(key, None)
            self.last[key] = rating


def read_ratings(path: Path, read: Read | None = None) -> Ratings:
    """All ratings that count; none where there is no file. StorageError for a link, a pipe, or
    more than memory should hold. What is in ``read`` is not parsed again."""
    check_regular(path)
    read = read or Read()
    with storing(path), suppress(FileNotFoundError), path.open("rb") as file, read.lock:
        about = os.fstat(file.fileno())
        if about.st_size > _MOST_IN_ALL:
            raise StorageError(
                f"{one_line(path)}: has more than the {_MOST_IN_ALL:,} bytes that are read; move "
                "it away if your raters did not write it."
            )
        read.go_on(file, about)
        return Ratings(tuple(read.last.values()), read.skipped)
    return Ratings()


def _decoded(line: bytes) -> Rating | None:
    checksum, _, body = line.rstrip(b"\n").partition(b" ")
    if checksum != b"%08x" % crc32(body):
        return None
    try:
        return validate(Rating, orjson.loads(body), "")
    except (ValueError, ConfigurationError):
        return None  # the checksum is right, and yet no rating of ours
