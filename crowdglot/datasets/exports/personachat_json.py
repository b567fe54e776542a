"""``personachat-json``: the one JSON file of Hugging Face's transfer-learning-conv-ai.

Its lists of candidates end with the right one, and all are as long, as it makes tensors of them.
Who begins answers ``__ SILENCE __``. It knows the splits train and valid only; the third has
a file of its own.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path

from crowdglot.datasets.exports.making.dialogues import TEST, TRAIN, VALIDATION, Told
from crowdglot.datasets.exports.making.distractors import Answer, answers, enough
from crowdglot.datasets.exports.making.export import JSON_LINES, Export, Made, Record, Wanted
from crowdglot.datasets.exports.making.views import View, views

_TOGETHER = {"personachat.json": {TRAIN: "train", VALIDATION: "valid"}, "test.json": {TEST: "test"}}


def _records(dialogues: Iterable[Told], wanted: Wanted) -> Iterator[Record]:
    """A record for every view, with its answers for which there are enough distractors."""
    every = enough(answers(views(dialogues, wanted.noted, opening=True)), wanted.noted)
    for _, some in groupby(every, lambda answer: answer.view.id):
        told = list(some)
        view = told[0].view
        utterances = [_utterance(answer) for answer in told]
        yield Record(view.split, {"personality": list(view.persona), "utterances": utterances})


def _utterance(answer: Answer[View]) -> dict[str, list[str]]:
    silence = ["__ SILENCE __"] if answer.view.begins else []
    candidates = [*answer.distractors, answer.text]
    return {"history": [*silence, *answer.history], "candidates": candidates}


def _finish(folder: Path, made: Made) -> None:
    """Put the files of the splits together, a line at a time."""
    for file, names in _TOGETHER.items():
        there = {
            name: folder / JSON_LINES[split] for split, name in names.items() if made.records[split]
        }
        if there:
            with (folder / file).open("w", encoding="utf-8") as out:
                out.writelines(_joined(there))
            for path in there.values():
                path.unlink()


def _joined(files: Mapping[str, Path]) -> Iterator[str]:
    """One JSON object: by name the lines of each file as a list."""
    for number, (name, path) in enumerate(files.items()):
        yield f'{"," if number else "{"}\n"{name}": ['
        with path.open(encoding="utf-8", newline="\n") as lines:
            for at, line in enumerate(lines):
                yield f"{',' if at else ''}\n{line.rstrip()}"
        yield "\n]"
    yield "\n}\n"


EXPORT = Export(_records, _finish)
