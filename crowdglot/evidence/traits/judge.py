"""A blind judge of traits: it reads what a speaker says, and not who that is meant to be."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from crowdglot.critics.judges.asking import Ballot, poll_about
from crowdglot.evidence.traits.classifier import Scores
from crowdglot.evidence.traits.labelled import Wanted
from crowdglot.writing.judging.asker import Asker

_ABOUT = (
    "You are a careful reader. You are shown what one person says in a conversation, and nothing "
    "of what the others say. Judge by how it is said. Every question has a list of answers: choose "
    "one and write its label alone, without a reason.\n\nThe person says:\n{turns}"
)
_QUESTION = "Which of these fits the person's {what} best?"


class ByJudge:
    """Tells traits (see ``measure.Recogniser``) by the shares of the model's answers."""

    name = "judge"

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def scores(self, wanted: Wanted, said: Sequence[Sequence[str]] | None) -> Scores:
        """See ``Recogniser``; raises what the engine raises."""
        question = Ballot(_QUESTION.format(what=wanted.key.replace("_", " ")), tuple(wanted.values))
        read = [(one.text,) for one in wanted.known] if said is None else said
        abouts = [_ABOUT.format(turns="\n".join(f"- {one}" for one in turns)) for turns in read]
        steps = [partial(poll_about, about, [question]) for about in abouts]
        told = await self._asker.interviews(wanted.role, steps)
        nothing = [np.nan] * len(wanted.values)
        shares = [one[0] if one and one[0] else nothing for one in told]
        return np.array(shares, float).reshape(-1, len(wanted.values))
