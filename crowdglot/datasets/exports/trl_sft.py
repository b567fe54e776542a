"""``trl-sft``: prompt and completion, by which TRL's SFTTrainer learns the completion only.

So every answer of the speaker is learnt once, whatever the model's chat template: learning the
assistant's turns of whole conversations needs a template that marks them.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from crowdglot.datasets.exports.making.dialogues import Told
from crowdglot.datasets.exports.making.export import (
    JSON_LINES,
    Limit,
    Made,
    Record,
    Wanted,
    chat_tokens,
)
from crowdglot.datasets.exports.making.trl import write_config
from crowdglot.datasets.exports.making.views import views

FILES = JSON_LINES
REJECTED = False
LIMIT = Limit("TRL's SFTTrainer", "max_length", 1024)


def records(dialogues: Iterable[Told], wanted: Wanted) -> Iterator[Record]:
    """A record for every answer: ``prompt`` ends with a user's turn, ``completion`` is one turn."""
    for view in views(dialogues, wanted.noted):
        messages = view.messages(folded=wanted.folded)
        for at, message in enumerate(messages):
            if message["role"] == "assistant":
                fields = {
                    **view.about,
                    "id": f"{view.id}-{at}",
                    "prompt": messages[:at],
                    "completion": [message],
                }
                yield Record(view.split, fields, chat_tokens(messages[: at + 1]))


def finish(folder: Path, made: Made) -> None:
    """Write ``trl_sft.yaml``."""
    write_config(folder / "trl_sft.yaml", "sft", FILES, made)
