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

from crowdglot.critics.verdict import Verdict
from crowdglot.datasets.record import Entry
from crowdglot.datasets.storage.files import write_text
from crowdglot.datasets.storage.location import Location, desk
from crowdglot.datasets.storage.remote import Remote
from crowdglot.errors import StorageError

LEDGER = "duplicates.jsonl"
_STAMP = "stamp"


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


def write_ledger(folder: Location, duplicates: Iterable[Duplicate], *, settled: bool) -> None:
    """Replace the file in one step, in the order of the plan."""
    ordered = sorted(duplicates, key=lambda d: (d.index, d.attempt, d.draft))
    lines = [{"settled": settled}, *map(asdict, ordered)]
    write_text(folder / LEDGER, "".join(json.dumps(line) + "\n" for line in lines))
    stamp(folder)


def stamp(folder: Location) -> None:
    """Have all processes on this machine fetch the ledger anew that they have from a URL.

    Nobody else writes it while the folder is locked, so this is due when it is locked and whenever
    the ledger is written.
    """
    if isinstance(folder, Remote):
        write_text(desk(folder) / _STAMP, "")


def read_ledger(folder: Location) -> Ledger:
    """The ledger of a dataset, an empty one if it has none; StorageError if it is damaged."""
    path = folder / LEDGER
    try:
        # Read again only when it has been replaced: every shard asks, and the jury all the time.
        state = (path if isinstance(path, Path) else desk(folder) / _STAMP).stat()
    except FileNotFoundError:
        return Ledger() if isinstance(path, Path) else _read.__wrapped__(path)
    return _read(path, state.st_ino, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _read(path: Location, *_state: int) -> Ledger:
    try:
        first, *lines = path.read_text("utf-8").splitlines()
        duplicates = tuple(Duplicate(**json.loads(line)) for line in lines)
        return Ledger(duplicates, bool(json.loads(first)["settled"]))
    except FileNotFoundError:
        return Ledger()
    except (ValueError, TypeError, KeyError) as error:
        raise StorageError(
            f"{path}: damaged ({error}); delete it and run the same command again, duplicates "
            "are looked for anew."
        ) from None
