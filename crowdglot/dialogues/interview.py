"""The interview: how everything that needs a model's answers is written down.

A way of writing and a judge are pure, synchronous functions from the answers so far to the next
question, or to the result. They never talk to a model themselves. So whoever drives them can put
each answer on the disk, and a run that was killed replays them without asking twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crowdglot.dialogues.message import Message

WRITER = "writer"


@dataclass(frozen=True, slots=True)
class Asked:
    """What an interview wants to know next. It has no seed: the seed belongs to the call's key.

    ``schema``: the JSON schema of the answer, None for free text. ``sampling``: what differs from
    the recipe's own sampling, such as ``{"temperature": 0.0}``. ``of``: which model of the recipe
    is asked. ``logprobs``: how many alternatives of the first token to tell, 0 for none.
    """

    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)
    of: str = WRITER
    logprobs: int = 0
