"""The interview: the form of everything that needs a model's answers.

A way of writing and a judge are pure, synchronous functions from the answers so far to the next
question, or to the result. They never call a model themselves. So the code that drives them can
store each answer on disk, and a run that was killed replays the answers without asking twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crowdglot.dialogues.message import Message

# Which model of a recipe is asked.
WRITER, JUDGE = "writer", "judge"


@dataclass(frozen=True, slots=True)
class Asked:
    """The next question of an interview. It has no seed: the seed belongs to the call's key.

    ``schema``: the JSON schema of the answer, None for free text. ``sampling``: what differs from
    the recipe's own sampling, such as ``{"temperature": 0.0}``. ``of``: which model of the recipe
    is asked. ``logprobs``: how many alternatives of the first token to return, 0 for none.
    ``scored``: whether to tell, in place of an answer, how likely the messages' lines are.
    ``side``: whose side of a talk is asked for, from 0; what a side is asked begins with what it
    was asked before, so an engine may keep what each has read.
    """

    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)
    of: str = WRITER
    logprobs: int = 0
    scored: bool = False
    side: int = 0

    @property
    def requested(self) -> dict[str, Any]:
        """What a request says as the question does."""
        return {
            "messages": self.messages,
            "schema": self.schema or {},
            "logprobs": self.logprobs,
            "scored": self.scored,
            "side": self.side,
        }
