"""``duplicates.jsonl``: the drafts of a dataset that repeat an earlier dialogue.

Beside the shards because no single completion tells it: whoever judges the completions of a shard
again finds the verdict here. The first line says whether all shards have been looked through since
they were last written; the rest is one duplicate a line.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from critics.verdict import Verdict
from crowdglot.errors import StorageError
from outputs.record import Entry
from outputs.storage import write_text

LEDGER = "duplicates.jsonl"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """One draft, by ``index``, ``attempt`` and ``draft`` (a hash of the completion), of shard
    ``shard`` of ``language``; what it duplicates stands in ``evidence``."""

    language: str
    shard: int
    index: int
    attempt: int
    draft: str
    reason: str
    evidence: str
    score: float


@dataclass(frozen=True, slots=True)
class Ledger:
    """The file's content. ``settled``: nothing was written since all was looked through."""

    duplicates: tuple[Duplicate, ...] = ()
    settled: bool = False
    _by_draft: dict[tuple[int, int, str], Duplicate] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._by_draft.update({(d.index, d.attempt, d.draft): d for d in self.duplicates})

    def verdicts(self, entry: Entry) -> tuple[Verdict, ...]:
        """The verdict on a completion, or none if it is no duplicate.

        A completion that was asked anew under the same index and attempt is another one.
        """
        if not self._by_draft:
            return ()
        name = (entry.index, entry.attempt, draft_hash(entry.completion.text))
        if (found := self._by_draft.get(name)) is None:
            return ()
        return (Verdict("duplicates", found.reason, found.evidence, found.score),)


def draft_hash(text: str) -> str:
    """A name of a completion's text."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def write_ledger(folder: Path, duplicates: Iterable[Duplicate], *, settled: bool) -> None:
    """Replace the file in one step, in the order of the plan."""
    ordered = sorted(duplicates, key=lambda d: (d.index, d.attempt, d.draft))
    lines = [{"settled": settled}, *map(asdict, ordered)]
    write_text(folder / LEDGER, "".join(json.dumps(line) + "\n" for line in lines))


def read_ledger(folder: Path) -> Ledger:
    """The ledger of a dataset, an empty one if it has none; StorageError if it is damaged."""
    path = folder / LEDGER
    try:
        state = path.stat()
    except FileNotFoundError:
        return Ledger()
    # Read again only when the file has been replaced: every shard asks.
    return _read(path, state.st_ino, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _read(path: Path, _inode: int, _changed: int, _size: int) -> Ledger:
    try:
        first, *lines = path.read_text("utf-8").splitlines()
        duplicates = tuple(Duplicate(**json.loads(line)) for line in lines)
        return Ledger(duplicates, bool(json.loads(first)["settled"]))
    except (ValueError, TypeError, KeyError) as error:
        raise StorageError(
            f"{path}: damaged ({error}); delete it and run the same command again, duplicates "
            "are looked for anew."
        ) from None
