"""What the pages of one dataset share: its index, and its raters' file."""

import time
from collections.abc import Mapping
from threading import Lock
from typing import Any

import polars as pl
from pydantic import Field

from crowdglot.datasets.browse.dialogue import hash_of, read_rows, seen, shown
from crowdglot.datasets.browse.index import DRAFT, Index, Wanted
from crowdglot.datasets.browse.ratings import (
    RATINGS,
    Name,
    Rating,
    Ratings,
    Read,
    append_rating,
    read_ratings,
)
from crowdglot.datasets.browse.withdrawing import withdraw_rejected
from crowdglot.datasets.folder import read_stored_recipe
from crowdglot.datasets.report.wording import event_title
from crowdglot.datasets.storage.location import Location, local_folder
from crowdglot.errors import ConfigurationError, StorageError
from crowdglot.languages.language import resolve_language
from crowdglot.printable import one_line
from crowdglot.strict_toml import Strict, validate

_MOST_CANDIDATES, _PAGE, _MOST_NAME = 40, 50, 120
_SAID = ("scores", "decision", "withdraw")
_NO_ROW = "There is no such row; reload the page."


class Chosen(Strict):
    """A row, by its number in the index, and who reads it."""

    row: int = Field(ge=0)
    rater: Name = ""


class Room:
    """A dataset that is browsed, by several at once. ``withdraw``: whether raters may take
    dialogues out of it. Raises StorageError where there is no dataset, or a file is damaged."""

    def __init__(self, folder: Location, *, withdraw: bool) -> None:
        self.folder, self.withdraw = folder, withdraw
        self.name = one_line(read_stored_recipe(folder).get("name"), _MOST_NAME)
        self._file, self._read = local_folder(folder) / RATINGS, Read()
        self._indexing, self.index = Lock(), Index(folder)

    def refresh(self) -> None:
        """Read the rows again where files changed."""
        with self._indexing:
            if not self.index.is_current():
                self.index = Index(self.folder)

    def ratings(self) -> Ratings:
        """All that count."""
        return read_ratings(self._file, self._read)

    def choices(self) -> dict[str, Any]:
        """What the page's filters offer, and what it needs to know of the dataset."""
        return {
            "name": self.name,
            "rows": len(self.index.rows),
            "withdraw": self.withdraw,
            "skipped": self.ratings().skipped,
            "language": [
                {"value": tag, "label": f"{resolve_language(tag).name} ({tag})", "count": count}
                for tag, count in self.index.counts("language").items()
            ],
            "event": [
                {"value": name, "label": event_title(name), "count": count}
                for name, count in self.index.counts("speech_event").items()
            ],
        }

    def find(self, wanted: Wanted) -> dict[str, Any]:
        """How many rows are wanted, and what the list shows of some of them."""
        index, own = self.index, (r for r in self.ratings().last if r.rater == wanted.rater)
        rated = pl.DataFrame([one.draft[:3] for one in own], DRAFT, orient="row")
        numbers = index.find(wanted, rated)
        rows = (
            index.rows[numbers.slice(wanted.start, _PAGE).to_list()]
            .drop("position", "index")
            .to_dicts()
        )
        for row in rows:
            row["event"] = event_title(row.pop("speech_event"))
            row["direction"] = resolve_language(row["language"]).direction
        return {"total": len(numbers), "rows": seen(rows)}

    def scenario(self, chosen: Chosen) -> dict[str, Any]:
        """A row with all drafts of its scenario, and what the rater said of it."""
        index, number = self.index, chosen.row
        if number >= len(index.rows):
            raise ConfigurationError(_NO_ROW)
        numbers = dict.fromkeys([*index.candidates(number)[:_MOST_CANDIDATES], number])
        rows = dict(zip(numbers, read_rows(index, [*numbers]), strict=True))
        withdrawn = dict(index.withdrawn().iter_rows())
        own, mine = rows[number], self._mine(rows[number], chosen.rater)
        return {
            "candidates": [shown(row, at, withdrawn.get(at, "")) for at, row in rows.items()],
            "draft": {**{name: own[name] for name in DRAFT}, "turns": hash_of(own)},
            "mine": mine and {name: getattr(mine, name) for name in _SAID},
        }

    def _mine(self, row: Mapping[str, Any], rater: str) -> Rating | None:
        draft = (*(row[name] for name in DRAFT), hash_of(row))
        said = (one for one in self.ratings().last if (one.rater, one.draft) == (rater, draft))
        return next(said, None)

    def rate(self, told: Any) -> str:
        """Store what a rater says, told as JSON; one sentence for the rater.

        ConfigurationError where it is no rating, StorageError where it is of a row that is gone or
        withdrawn, or cannot be stored.
        """
        number = told.pop("row", None) if isinstance(told, dict) else None
        fields = told | {"at": time.time()} if isinstance(told, dict) else told
        rating, index = validate(Rating, fields, "rating"), self.index
        if type(number) is not int or not 0 <= number < len(index.rows):
            raise ConfigurationError(_NO_ROW)
        [row] = read_rows(index, [number])
        if rating.draft != (*(row[name] for name in DRAFT), hash_of(row)):
            raise StorageError("The dialogue is another one by now; reload the page.")
        if rating.withdraw and not self.withdraw:
            raise ConfigurationError(
                "Nothing is withdrawn here: `crowdglot browse` was begun without --withdraw."
            )
        by, mine = dict(index.withdrawn().iter_rows()).get(number), self._mine(row, rating.rater)
        if by and not (mine and mine.withdraw):
            raise StorageError(
                f"{one_line(row['id'])}: was withdrawn ({one_line(by)}), so it is no longer rated; "
                "nothing was stored."
            )
        append_rating(self._file, rating)
        return self._after(rating)

    def _after(self, rating: Rating) -> str:
        """Carry out what ratings say of withdrawals; the rating itself is stored already."""
        if not self.withdraw:
            return "Saved."
        try:
            count = withdraw_rejected(self.index, self.ratings().last)
        except StorageError as error:
            return f"Saved; withdrawn later, as the dataset cannot be changed now ({error})"
        return f"Saved; {count} withdrawn by raters so far." if rating.withdraw else "Saved."
