"""``withdrawals.jsonl``: verdicts on accepted rows that came later, such as near-duplicates.

A draft alone does not show that it repeats another one. So the verdict is stored in a file of the
dataset, which is read whenever the drafts of a shard are judged again. The first line says whether
all shards have been searched since they were last written; each other line is one withdrawal.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, get_type_hints

from crowdglot.critics.verdict import Verdict
from crowdglot.datasets.shards import Shard, reopen
from crowdglot.datasets.storage.files import write_text
from crowdglot.datasets.storage.guarded import parsing, read_stored
from crowdglot.datasets.storage.location import Location, local_folder
from crowdglot.datasets.storage.remote import Remote

WITHDRAWALS = "withdrawals.jsonl"
# Who withdraws: what is found anew whenever it is forgotten, and what is never found again.
DUPLICATES, PEOPLE = "duplicates", "people"
_STAMP = "stamp"
_MOST_BYTES = 1 << 28


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One row that was accepted: ``index`` and ``attempt`` in shard ``shard`` of ``language``.

    ``turns``: ``turns_hash`` of its dialogue, because a draft that was asked for anew under the
    same index and attempt is another one. ``by``: who says so, such as "duplicates".
    """

    language: str
    shard: int
    index: int
    attempt: int
    turns: str
    by: str
    reason: str
    evidence: str
    score: float


@dataclass(frozen=True)
class Withdrawals:
    """The file's content. ``up_to_date``: no shard was written since all were searched."""

    every: tuple[Withdrawal, ...] = ()
    up_to_date: bool = False

    @cached_property
    def _by_draft(self) -> dict[tuple[int, int, str], Withdrawal]:
        return {(one.index, one.attempt, one.turns): one for one in self.every}

    def verdicts(self, index: int, attempt: int, texts: Iterable[str]) -> tuple[Verdict, ...]:
        """The verdict on a draft with these turns; none where it was not withdrawn."""
        if not self.every or not (found := self._by_draft.get((index, attempt, turns_hash(texts)))):
            return ()
        return (Verdict(found.by, found.reason, found.evidence, found.score),)


def _withdrawal(fields: dict[str, Any]) -> Withdrawal:
    """The withdrawal with these fields; TypeError where one is of another kind."""
    made = Withdrawal(**fields)
    for name, kind in get_type_hints(Withdrawal).items():
        if not isinstance(fields[name], (int, float) if kind is float else kind):
            raise TypeError(f"'{name}' is {fields[name]!r:.40}")
    return made


def turns_hash(texts: Iterable[str]) -> str:
    """A hash of a dialogue's turns: 16 hexadecimal digits."""
    joined = "\x1f".join(texts)
    return blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def write_withdrawals(
    folder: Location, withdrawals: Sequence[Withdrawal], *, up_to_date: bool
) -> None:
    """Replace the file in one step, in the order of the plan."""
    ordered = sorted(withdrawals, key=lambda w: (w.index, w.attempt, w.turns, w.by))
    lines = [{"up_to_date": up_to_date}, *map(asdict, ordered)]
    write_text(folder / WITHDRAWALS, "".join(json.dumps(line) + "\n" for line in lines))
    stamp(folder)


def withdraw(
    folder: Location, new: Sequence[Withdrawal], in_place_of: Collection[Withdrawal] = ()
) -> None:
    """Withdraw rows of a dataset that this process has locked, and forget other withdrawals; the
    shards are marked, so that the next run fills the positions again."""
    known = read_withdrawals(folder).every
    # The marks first: after a crash in between they only cost a look at the shard.
    for language, number in sorted({(one.language, one.shard) for one in {*new} - {*known}}):
        reopen(folder, Shard(language, number, 0, 0))
    kept = [one for one in known if one not in in_place_of]
    write_withdrawals(folder, [*kept, *new], up_to_date=False)


def stamp(folder: Location) -> None:
    """Have all processes on this machine fetch the file from its URL again.

    Only the process that has locked the folder writes the file. So this is called when the folder
    is locked, and whenever the file is written.
    """
    if isinstance(folder, Remote):
        write_text(local_folder(folder) / _STAMP, "")


def read_withdrawals(folder: Location) -> Withdrawals:
    """The withdrawals of a dataset, none if it has no file; StorageError if it is damaged."""
    path = folder / WITHDRAWALS
    try:
        # Every batch of drafts needs the file, so it is read again only after it was replaced.
        state = (path if isinstance(path, Path) else local_folder(folder) / _STAMP).stat()
    except FileNotFoundError:
        return Withdrawals() if isinstance(path, Path) else _read.__wrapped__(path)
    return _read(path, state.st_ino, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _read(path: Location, *_state: int) -> Withdrawals:
    remedy = "delete it and run the same command again, near-duplicates are looked for anew."
    with suppress(FileNotFoundError, NotADirectoryError), parsing(path, remedy):
        first, *lines = read_stored(path, _MOST_BYTES).decode("utf-8").splitlines()
        every = tuple(_withdrawal(json.loads(line)) for line in lines)
        return Withdrawals(every, bool(json.loads(first)["up_to_date"]))
    return Withdrawals()
