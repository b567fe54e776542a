"""A row as the page shows it: all text made visible, long text cut, evidence put to its turns."""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from crowdglot.datasets.browse.index import Index
from crowdglot.datasets.record import draft_text
from crowdglot.datasets.report.wording import event_title
from crowdglot.datasets.scan import rows_at
from crowdglot.datasets.told import as_told, untold
from crowdglot.datasets.withdrawals import turns_hash
from crowdglot.errors import StorageError
from crowdglot.languages.language import resolve_language
from crowdglot.printable import one_line, visible

_COLUMNS = (
    "id", "index", "attempt", "language", "speech_event", "common_ground", "personas", "told",
    "turns", "parts", "debate", "model", "calls", "reason", "verdicts", "created_at",
)  # fmt: skip
_AS_IT_IS = (
    "id",
    "attempt",
    "language",
    "common_ground",
    "personas",
    "model",
    "reason",
    "verdicts",
)
_MOST_TEXT, _MOST_TURNS = 4_000, 300
# Critics say where: "turn 3: words; turn 5: words", "turns 2 and 4: words | words".
_WHERE = re.compile(r"turns? (\d+)(?: and (\d+))?(?:, \w+ of \w+| \([\d.-]+\))?(?:: |$|;)")


def read_rows(index: Index, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """These rows, in this order; StorageError where one is no longer what was indexed."""
    held = index.rows[[*numbers]]
    positions = held["position"].to_list()
    read = rows_at(index.files, sorted(positions), _COLUMNS).to_dicts()
    by_position = dict(zip(sorted(positions), read, strict=True))
    rows = [by_position[position] for position in positions]
    for row, known in zip(rows, held.to_dicts(), strict=True):
        if (row["id"], row["attempt"]) != (known["id"], known["attempt"]):
            raise StorageError(
                f"{one_line(known['id'])}: the dataset was written anew meanwhile; reload the page."
            )
    return rows


def hash_of(row: Mapping[str, Any]) -> str:
    """The ``turns_hash`` of a row."""
    return turns_hash(turn["text"] for turn in row["turns"])


def seen(told: Any) -> Any:
    """The same with every text in it made visible and cut."""
    if isinstance(told, str):
        return visible(told, _MOST_TEXT)
    if isinstance(told, Mapping):
        return {name: seen(one) for name, one in told.items()}
    return [seen(one) for one in told] if isinstance(told, list | tuple) else told


def shown(row: Mapping[str, Any], number: int, withdrawn: str) -> dict[str, Any]:
    """What the page's script reads. ``withdrawn``: by whom, "" where it is not."""
    names, turns = {p["speaker"]: p["name"] for p in row["personas"]}, row["turns"][:_MOST_TURNS]
    rejecting = [one for one in row["verdicts"] if one["reason"]]
    seen_by_model = as_told(row)
    told: dict[str, Any] = {name: seen_by_model[name] for name in _AS_IT_IS} | {
        "row": number,
        "untold": untold(row),
        "direction": resolve_language(row["language"]).direction,
        "event": event_title(row["speech_event"]),
        "debate": row["debate"] and row["debate"]["proposition"],
        "turns": [(names.get(one["speaker"], one["speaker"]), one["text"]) for one in turns],
        "more": len(row["turns"]) - len(turns),
        "heads": _heads(row["parts"] or ()),
        "draft": "" if turns else draft_text(row),
        "written": f"{row['created_at']:%Y-%m-%d %H:%M} UTC",
        "accepted": not row["reason"],
        "withdrawn": withdrawn,
        "marks": [mark for one in rejecting for mark in marks(one, turns)],
    }
    return {name: seen(one) for name, one in told.items()}


def _heads(parts: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """By the number of its first turn, from 0, what is said of a session or stage."""
    first = accumulate((part["turns"] for part in parts), initial=0)
    named = (f"{part['name']}, day {part['day']}" for part in parts)
    return dict(zip(first, named, strict=False))


def marks(verdict: Mapping[str, Any], turns: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """The turns, from 0, that a verdict's evidence names, with the words of it that stand there."""
    evidence, said = verdict["evidence"], f"{verdict['critic']}.{verdict['reason']}"
    found, marked = list(_WHERE.finditer(evidence)), []
    for number, one in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(evidence)
        words = [part.strip(" ;") for part in evidence[one.end() : end].split(" | ")]
        # "Hugo says: words" and "en by margin: words" are quotes too.
        words += [part.split(": ", 1)[-1] for part in words]
        for at in (int(group) - 1 for group in one.groups() if group):
            if 0 <= at < len(turns):
                quote = next((part for part in words if part and part in turns[at]["text"]), "")
                marked.append({"turn": at, "said": said, "quote": quote})
    return marked
