"""``trl-dpo``: preference pairs, for TRL's DPOTrainer.

A pair is two drafts of one scenario: the one that was accepted, and one that critics rejected or
that was surplus. The two have no turn in common, so that an answer of one would be nonsense after
the turns of the other. Therefore the question is the scenario, and what is compared are dialogues.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import isfinite
from typing import Any

from crowdglot.datasets.exports.making.dialogues import Row, Told, are_said
from crowdglot.datasets.exports.making.export import Export, Record, Wanted, tokens
from crowdglot.datasets.exports.making.trl import limit, write_config
from crowdglot.languages.language import resolve_language

# A dialogue that repeats another one is no worse than it.
_NO_WORSE = "duplicates."


def _records(dialogues: Iterable[Told], wanted: Wanted) -> Iterator[Record]:
    """A record for every rejected draft of a scenario for which another one was accepted."""
    for told in dialogues:
        chosen = _script(told.row, told.row["turns"])
        for draft in told.rejected:
            rejected = _script(told.row, draft["turns"] or ())
            if _comparable(draft, chosen, rejected, wanted.noted):
                yield _pair(told, draft, chosen, rejected)


def _comparable(draft: Row, chosen: str, rejected: str, noted: Counter[str]) -> bool:
    """Whether the two make a pair; else why not is counted."""
    if not rejected:
        noted["rejected drafts that could not be read as a dialogue"] += 1
    elif (draft["reason"] or "").startswith(_NO_WORSE):
        noted["drafts that repeat another dialogue, and are no worse for it"] += 1
    elif rejected == chosen:
        noted["rejected drafts equal to the accepted one"] += 1
    else:
        return True
    return False


def _pair(told: Told, draft: Row, chosen: str, rejected: str) -> Record:
    row, question = told.row, _question(told.row)
    fields = {
        "id": f"{row['id']}-{draft['attempt']}",
        "language": row["language"],
        "speech_event": row["speech_event"],
        "prompt": [{"role": "user", "content": question}],
        "chosen": [{"role": "assistant", "content": chosen}],
        "rejected": [{"role": "assistant", "content": rejected}],
        "reason": draft["reason"] or "",
        "chosen_scores": _scores(row),
        "rejected_scores": _scores(draft),
    }
    return Record(told.split, fields, tokens(question, max(chosen, rejected, key=len)))


def _scores(row: Row) -> list[dict[str, Any]]:
    """What the critics measured, without those that measure nothing."""
    return [
        {"critic": one["critic"], "score": float(one["score"])}
        for one in row["verdicts"] or ()
        if one and one["score"] is not None and isfinite(one["score"])
    ]


def _question(row: Row) -> str:
    """The scenario, as a request to write its dialogue."""
    people = row["personas"]
    names = " and ".join(one["name"] for one in people)
    first = next(one["name"] for one in people if one["speaker"] == row["turns"][0]["speaker"])
    lines = [
        f"Write a conversation of {len(row['turns'])} turns in "
        f"{resolve_language(row['language']).name} between {names}. {first} begins. "
        "Put every turn on a line of its own, after the speaker's name and a colon.",
        row["common_ground"]["premise"],
        *(f"{one['name']}: {' '.join(one['facts'])}" for one in people if one["facts"]),
    ]
    return "\n".join(line for line in lines if line)


def _script(row: Row, turns: Sequence[Row]) -> str:
    """The turns, each on one line after its speaker's name; "" where they are no dialogue."""
    if not are_said(turns, row["personas"]):
        return ""
    names = {one["speaker"]: one["name"] for one in row["personas"]}
    return "\n".join(
        f"{names[turn['speaker']]}: {' '.join(turn['text'].split())}" for turn in turns
    )


EXPORT = Export(
    _records, lambda to, made: write_config(to, "dpo", made), limit("DPOTrainer"), rejected=True
)
