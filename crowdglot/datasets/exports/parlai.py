"""``parlai``: ParlAI's Conversations format, whose second speaker is the one to learn from.

As in PersonaChat's own task the persona stands before the first turn, and who begins answers
``__SILENCE__``.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from crowdglot.datasets.exports.making.dialogues import SPLITS, VALIDATION, Told
from crowdglot.datasets.exports.making.export import Export, Made, Record, Wanted
from crowdglot.datasets.exports.making.views import View, views

_FILES = {split: f"crowdglot_{'valid' if split == VALIDATION else split}.jsonl" for split in SPLITS}
_SPEAKERS = ("other", "self")


def _records(dialogues: Iterable[Told], wanted: Wanted) -> Iterator[Record]:
    for view in views(dialogues, wanted.noted, opening=True):
        yield Record(view.split, {"dialog": _pairs(view), "context": [], **view.about})


def _pairs(view: View) -> list[list[dict[str, str]]]:
    """Pairs of what the other says and what is answered."""
    turns = ["__SILENCE__", *view.turns] if view.begins else list(view.turns)
    turns[0] = "\n".join([*(f"your persona: {fact}" for fact in view.persona), turns[0]])
    acts = [{"id": _SPEAKERS[at % 2], "text": text} for at, text in enumerate(turns)]
    return [acts[at : at + 2] for at in range(0, len(acts), 2)]


def _finish(folder: Path, made: Made) -> None:
    """Write the metadata of each file, without which ParlAI complains."""
    for split in _FILES:
        if made.records[split]:
            facts = {
                "date": "",
                "opt": {"task": "jsonfile", "label_turns": "secondspeaker"},
                "self_chat": True,
                "speakers": list(_SPEAKERS),
                "version": "0.1",
                "dataset": made.name,
            }
            path = (folder / _FILES[split]).with_suffix(".metadata")
            path.write_text(json.dumps(facts) + "\n", "utf-8")


EXPORT = Export(_records, _finish, files=_FILES)
