"""The contract of an export, and what goes in and out of one."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from crowdglot.datasets.exports.making.dialogues import SPLITS, Told

JSON_LINES = {split: f"{split}.jsonl" for split in SPLITS}


@dataclass(frozen=True, slots=True)
class Limit:
    """The tokens after which a trainer cuts a record, unless its setting ``key`` says more; by
    default none does."""

    tool: str = ""
    key: str = ""
    tokens: int = sys.maxsize


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a split. ``tokens``: its length, estimated; 0 where no tokens are trained."""

    split: str
    fields: Mapping[str, Any]
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """``folded``: whether the persona stands in the first user turn. ``noted``: how often what is
    in no record, by why."""

    folded: bool = False
    noted: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Made:
    """``name``: of the dataset. ``records``: how many by split. ``longest``: tokens of the longest
    record, estimated; ``over``: how many are longer than the trainer's default."""

    name: str
    limit: Limit
    records: Counter[str] = field(default_factory=Counter)
    longest: int = 0
    over: int = 0

    def add(self, record: Record) -> None:
        self.records[record.split] += 1
        self.longest = max(self.longest, record.tokens)
        self.over += record.tokens > self.limit.tokens

    @property
    def room(self) -> int:
        """Tokens to set where the default would cut: a quarter above the longest, by 256."""
        default = self.limit.tokens
        return max(default, -(-self.longest * 5 // 4 // 256) * 256) if self.over else default

    @property
    def warning(self) -> str:
        """One sentence where the trainer's default would cut records, or ""."""
        if not self.over:
            return ""
        return (
            f"{self.over} of {self.records.total()} records are longer than {self.limit.tokens:,} "
            f"tokens (estimated; the longest has about {self.longest:,}), where {self.limit.tool} "
            f"cuts them by default: set {self.limit.key} to {self.room}, as the file beside them "
            "does."
        )


@dataclass(frozen=True, slots=True)
class Export:
    """``EXPORT`` of a module of ``exports``; the module's name is the format's, with "-" for "_".

    ``records``: of all dialogues, in any order of the splits. ``finish``: writes what belongs
    beside the records, or changes their files. ``limit``: what its trainer cuts by default.
    ``rejected``: whether it reads rejected drafts too. ``files``: of each split, one JSON object a
    line.
    """

    records: Callable[[Iterable[Told], Wanted], Iterator[Record]]
    finish: Callable[[Path, Made], None] = lambda folder, made: None
    limit: Limit = Limit()
    rejected: bool = False
    files: Mapping[str, str] = field(default_factory=lambda: JSON_LINES)


def write_yaml(path: Path, head: str, settings: Mapping[str, Any]) -> None:
    """Write the settings of a trainer's command, after comments."""
    path.write_text(head + yaml.safe_dump(dict(settings), sort_keys=False), "utf-8")


def tokens(*texts: str) -> int:
    """About how many tokens a model reads: 3 bytes of UTF-8 each, and 5 around each text."""
    return sum(len(text.encode()) // 3 + 5 for text in texts)


def chat_tokens(messages: Iterable[Mapping[str, str]]) -> int:
    return tokens(*(message["content"] for message in messages))
