"""A blind judge of traits: it reads what a speaker says, and not who that is meant to be."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from crowdglot.critics.judges.asking import Ballot, poll_about
from crowdglot.evidence.traits.classifier import Scores
from crowdglot.writing.judging.asker import Asker

_ABOUT = (
    "You are a careful reader. You are shown what one person says in a conversation, and nothing "
    "of what the others say. Judge by how it is said. Every question has a list of answers: choose "
    "one and write its label alone, without a reason.\n\nThe person says:\n{turns}"
)
_QUESTION = "Which of these fits the person's {what} best?"


async def judged(
    asker: Asker, role: str, key: str, values: Sequence[str], said: Sequence[Sequence[str]]
) -> Scores:
    """The share of each of ``values`` for each member, by what it says; NaN where the answer could
    not be read or the question was refused. Raises what the engine raises."""
    question = Ballot(_QUESTION.format(what=key.replace("_", " ")), tuple(values))
    steps = [
        partial(poll_about, _ABOUT.format(turns="\n".join(f"- {one}" for one in turns)), [question])
        for turns in said
    ]
    told = await asker.interviews(role, steps)
    nothing = [np.nan] * len(values)
    return np.array([one[0] if one and one[0] else nothing for one in told]).reshape(
        -1, len(values)
    )
