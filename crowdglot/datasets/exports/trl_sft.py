"""``trl-sft``: prompt and completion, by which TRL's SFTTrainer learns the completion only.

So every answer of the speaker is learnt once, whatever the model's chat template: learning the
assistant's turns of whole conversations needs a template that marks them.
"""

from collections.abc import Iterable, Iterator

from crowdglot.datasets.exports.making.dialogues import Told
from crowdglot.datasets.exports.making.export import Export, Record, Wanted, chat_tokens
from crowdglot.datasets.exports.making.trl import limit, write_config
from crowdglot.datasets.exports.making.views import views


def _records(dialogues: Iterable[Told], wanted: Wanted) -> Iterator[Record]:
    """A record for every answer: ``prompt`` ends with a user's turn, ``completion`` is one turn."""
    for view in views(dialogues, wanted.noted):
        messages = view.messages(folded=wanted.folded)
        for at, message in enumerate(messages):
            if message["role"] == "assistant":
                said = {"prompt": messages[:at], "completion": [message]}
                fields = {**view.about, "id": f"{view.id}-{at}", **said}
                yield Record(view.split, fields, chat_tokens(messages[: at + 1]))


EXPORT = Export(_records, lambda to, made: write_config(to, "sft", made), limit("SFTTrainer"))
