"""What the pages of one dataset share: its index, and its raters' file."""

import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import polars as pl

from crowdglot.datasets.browse.dialogue import hash_of, read_rows, shown
from crowdglot.datasets.browse.index import Index, Wanted
from crowdglot.datasets.browse.ratings import (
    SCALES,
    Rating,
    Ratings,
    append_rating,
    parse_rating,
    ratings_file,
    read_ratings,
)
from crowdglot.datasets.browse.withdrawing import withdraw_rejected
from crowdglot.datasets.folder import read_stored_recipe
from crowdglot.datasets.report.wording import event_title
from crowdglot.datasets.storage.location import Location
from crowdglot.errors import ConfigurationError, StorageError
from crowdglot.languages.language import resolve_language
from crowdglot.printable import one_line, visible

_MOST_NAME = 120
_MOST_CANDIDATES = 40
_SAID = ("scores", "decision", "withdraw")


class Room:
    """A dataset that is browsed, by several at once. ``withdraw``: whether raters may take
    dialogues out of it. Raises StorageError where there is no dataset, or a file is damaged."""

    def __init__(self, folder: Location, *, withdraw: bool) -> None:
        self.folder, self.withdraw = folder, withdraw
        self.name = visible(read_stored_recipe(folder).get("name", ""), _MOST_NAME)
        self._ratings_file = ratings_file(folder)
        self._indexing, self._index = Lock(), Index(folder)

    def index(self) -> Index:
        """The rows as they were last read."""
        return self._index

    def refresh(self) -> None:
        """Read the rows again where files changed."""
        with self._indexing:
            if not self._index.is_current():
                self._index = Index(self.folder)

    def ratings(self) -> Ratings:
        """All that count."""
        return _read(self._ratings_file, *_state(self._ratings_file))

    def choices(self) -> dict[str, Any]:
        """What the page's filters offer, and what it needs to know of the dataset."""
        told = self._index.choices()
        languages = [
            {"value": tag, "label": f"{resolve_language(tag).name} ({tag})", "count": count}
            for tag, count in told["language"].items()
        ]
        events = [
            {"value": name, "label": event_title(name), "count": count}
            for name, count in told["event"].items()
        ]
        return {
            "name": self.name, "rows": told["rows"], "language": languages, "event": events,
            "critic": told["critic"], "scales": SCALES, "withdraw": self.withdraw,
            "skipped": self.ratings().skipped,
        }  # fmt: skip

    def find(self, wanted: Wanted, start: int, most: int) -> tuple[int, list[dict[str, Any]]]:
        """How many rows are wanted, and what the list shows of some of them."""
        own = [one for one in self.ratings().last if one.rater == wanted.rater]
        kinds = {"language": pl.String, "index": pl.Int64, "attempt": pl.Int64}
        rated = pl.DataFrame([one.draft[:3] for one in own], kinds, orient="row").unique()
        index = self._index
        numbers = index.find(wanted, rated)
        rows = index.listed(numbers.slice(start, most))
        for row in rows:
            for name in ("id", "reason", "opening"):
                row[name] = visible(row[name], _MOST_NAME)
            row["event"] = event_title(row.pop("speech_event"))
            row["direction"] = resolve_language(row["language"]).direction
        return len(numbers), rows

    def scenario(self, number: int, rater: str) -> dict[str, Any]:
        """A row with all drafts of its scenario, and what ``rater`` said of it."""
        index = self._index
        if number >= len(index.rows):
            raise ConfigurationError("There is no such row; reload the page.")
        numbers = index.candidates(number)[:_MOST_CANDIDATES]
        numbers = numbers if number in numbers else [number, *numbers]
        rows = dict(zip(numbers, read_rows(index, numbers), strict=True))
        withdrawn = dict(index.withdrawn().iter_rows())
        own, mine = rows[number], self._mine(rows[number], rater)
        return {
            "candidates": [shown(row, at, withdrawn.get(at, "")) for at, row in rows.items()],
            "draft": {name: own[name] for name in ("language", "index", "attempt")}
            | {"turns": hash_of(own)},
            "mine": mine and {name: getattr(mine, name) for name in _SAID},
        }

    def _mine(self, row: Mapping[str, Any], rater: str) -> Rating | None:
        draft = (row["language"], row["index"], row["attempt"], hash_of(row))
        said = (one for one in self.ratings().last if (one.rater, one.draft) == (rater, draft))
        return next(said, None)

    def rate(self, told: Any) -> str:
        """Store what a rater says, told as JSON; one sentence for the rater.

        ConfigurationError where it is no rating, StorageError where it is of a row that is gone or
        withdrawn, or cannot be stored.
        """
        fields = told if isinstance(told, dict) else {}
        number = fields.pop("row", None)
        rating = parse_rating(fields | {"at": time.time()})
        index = self._index
        if type(number) is not int or not 0 <= number < len(index.rows):
            raise ConfigurationError("There is no such row; reload the page.")
        [row] = read_rows(index, [number])
        if rating.draft != (row["language"], row["index"], row["attempt"], hash_of(row)):
            raise StorageError("The dialogue is another one by now; reload the page.")
        self._check_may_rate(index, number, row, rating)
        append_rating(self._ratings_file, rating)
        return self._after(rating)

    def _check_may_rate(
        self, index: Index, number: int, row: Mapping[str, Any], rating: Rating
    ) -> None:
        if rating.withdraw and not self.withdraw:
            raise ConfigurationError(
                "Nothing is withdrawn here: `crowdglot browse` was begun without --withdraw."
            )
        withdrawn = dict(index.withdrawn().iter_rows())
        mine = self._mine(row, rating.rater)
        if number in withdrawn and not (mine and mine.withdraw):
            raise StorageError(
                f"{one_line(row['id'])}: was withdrawn ({one_line(withdrawn[number])}), so it is "
                "no longer rated; nothing was stored."
            )

    def _after(self, rating: Rating) -> str:
        """Carry out what ratings say of withdrawals; the rating itself is stored already."""
        if not self.withdraw:
            return "Saved."
        try:
            count = withdraw_rejected(self._index, self.ratings().last)
        except StorageError as error:
            return f"Saved; withdrawn later, as the dataset cannot be changed now ({error})"
        return f"Saved; {count} withdrawn by raters so far." if rating.withdraw else "Saved."


def _state(path: Path) -> tuple[int, ...]:
    try:
        told = path.stat()
    except FileNotFoundError:
        return ()
    return (told.st_ino, told.st_size, told.st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: Path, *_state: int) -> Ratings:
    return read_ratings(path)
