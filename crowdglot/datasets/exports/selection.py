"""``selection``: which of 20 candidates comes next, as PersonaChat's response selection asks."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from crowdglot.datasets.exports.making.dialogues import Told
from crowdglot.datasets.exports.making.distractors import DISTRACTORS, Answer, answers, enough
from crowdglot.datasets.exports.making.export import Export, Made, Record, Wanted
from crowdglot.datasets.exports.making.views import View, views
from crowdglot.draws import Draws

_CANDIDATES = DISTRACTORS + 1


def _records(dialogues: Iterable[Told], wanted: Wanted) -> Iterator[Record]:
    """A record for every answer for which there are enough distractors."""
    every = answers(views(dialogues, wanted.noted, opening=True))
    for answer in enough(every, wanted.noted):
        yield Record(answer.view.split, _fields(answer))


def _fields(answer: Answer[View]) -> dict[str, object]:
    view = answer.view
    label = Draws("label", view.id, answer.at).below(_CANDIDATES)
    candidates = list(answer.distractors)
    candidates.insert(label, answer.text)
    return {
        "id": f"{view.id}-{answer.at}",
        "language": view.language,
        "speech_event": view.event,
        "persona": list(view.persona),
        "history": list(answer.history),
        "turn": answer.at,
        "candidates": candidates,
        "label": label,
    }


def _finish(folder: Path, made: Made) -> None:
    """Write ``chance.json``: what guessing reaches, recall at 1, 2, 5 of 20 and the mean reciprocal
    rank."""
    recall = {f"recall@{k}": k / _CANDIDATES for k in (1, 2, 5)}
    mrr = sum(1 / rank for rank in range(1, _CANDIDATES + 1)) / _CANDIDATES
    facts = {"candidates": _CANDIDATES, "chance": {**recall, "mrr": round(mrr, 4)}}
    (folder / "chance.json").write_text(json.dumps(facts, indent=2) + "\n", "utf-8")


EXPORT = Export(_records, _finish)
