"""A row as the page shows it: all text made visible, long text cut, evidence put to its turns."""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from crowdglot.datasets.browse.index import Index
from crowdglot.datasets.record import draft_text
from crowdglot.datasets.report.wording import event_title
from crowdglot.datasets.scan import rows_at
from crowdglot.datasets.withdrawals import turns_hash
from crowdglot.errors import StorageError
from crowdglot.languages.language import resolve_language
from crowdglot.printable import one_line, visible

_COLUMNS = (
    "id", "index", "attempt", "language", "speech_event", "common_ground", "personas", "turns",
    "parts", "debate", "model", "calls", "reason", "verdicts", "created_at",
)  # fmt: skip
_MOST_TEXT, MOST_NAME, _MOST_TURNS = 4_000, 120, 300
_GROUND = ("place", "time", "channel", "communal", "personal", "premise")
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


def shown(row: Mapping[str, Any], number: int, withdrawn: str) -> dict[str, Any]:
    """What the page's script reads. ``withdrawn``: by whom, "" where it is not."""
    ground, names = row["common_ground"], {p["speaker"]: p["name"] for p in row["personas"]}
    language, turns = resolve_language(row["language"]), row["turns"][:_MOST_TURNS]
    return {
        "row": number,
        "id": visible(row["id"], MOST_NAME),
        "language": row["language"],
        "direction": language.direction,
        "event": event_title(row["speech_event"]),
        "relation": visible(ground["relation"], MOST_NAME).replace("_", " "),
        "ground": {name: visible(ground[name], _MOST_TEXT) for name in _GROUND},
        "debate": visible((row["debate"] or {}).get("proposition"), _MOST_TEXT),
        "personas": [
            {
                "name": visible(one["name"], MOST_NAME),
                "facts": [visible(fact, _MOST_TEXT) for fact in one["facts"]],
            }
            for one in row["personas"]
        ],
        "turns": [
            [visible(names.get(who, who), MOST_NAME), visible(text, _MOST_TEXT)]
            for who, text in ((turn["speaker"], turn["text"]) for turn in turns)
        ],
        "more": len(row["turns"]) - len(turns),
        "heads": _heads(row["parts"] or ()),
        "draft": "" if turns else visible(draft_text(row), _MOST_TEXT),
        "model": visible(row["model"], MOST_NAME),
        "attempt": row["attempt"],
        "written": f"{row['created_at']:%Y-%m-%d %H:%M} UTC",
        "reason": visible(row["reason"], MOST_NAME),
        "accepted": not row["reason"],
        "withdrawn": visible(withdrawn, MOST_NAME),
        "verdicts": [
            {
                "critic": visible(one["critic"], MOST_NAME),
                "reason": visible(one["reason"], MOST_NAME),
                "evidence": visible(one["evidence"], _MOST_TEXT),
                "score": one["score"],
            }
            for one in row["verdicts"]
        ],
        "marks": [mark for one in row["verdicts"] if one["reason"] for mark in marks(one, turns)],
    }  # fmt: skip


def _heads(parts: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """By the number of its first turn, from 0, what is said of a session or stage."""
    first = accumulate((part["turns"] for part in parts), initial=0)
    return {
        at: f"{visible(part['name'], MOST_NAME)}, day {part['day']}"
        for at, part in zip(first, parts, strict=False)
    }


def marks(verdict: Mapping[str, Any], turns: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """The turns, from 0, that a verdict's evidence names, with the words of it that stand there."""
    evidence, told = verdict["evidence"], f"{verdict['critic']}.{verdict['reason']}"
    found, marked = list(_WHERE.finditer(evidence)), []
    for number, one in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(evidence)
        words = [part.strip(" ;") for part in evidence[one.end() : end].split(" | ")]
        # "Hugo says: words" and "en by margin: words" are quotes too.
        words += [part.split(": ", 1)[-1] for part in words]
        for at in (int(group) - 1 for group in one.groups() if group):
            if 0 <= at < len(turns):
                quote = next((part for part in words if part and part in turns[at]["text"]), "")
                marked.append(
                    {"turn": at, "said": visible(told, MOST_NAME), "quote": visible(quote)}
                )
    return marked
