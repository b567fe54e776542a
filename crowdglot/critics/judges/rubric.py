"""Two ratings by a rubric: how naturally people of this language talk so, and how far each speaker
stays one person."""

from collections.abc import Sequence

from crowdglot.critics.judges import Opinion
from crowdglot.critics.judges.asking import Ballot, Shares, fill, poll
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.interview import Asked
from crowdglot.engines.engine import Completion

_HABITS = (
    "Nobody who speaks the language would talk so: translated, mixed with another language, wrong.",
    "Stiff: correct for the most part, and like a text book or an assistant.",
    "Mixed: some turns as people talk, some not.",
    "Natural, with a phrase here and there that people would put otherwise.",
    "As people of this relation talk to each other in this language every day.",
)
_PERSON = (
    "The speakers are mixed up: one says what only the other can say.",
    "The speakers are interchangeable or change in the middle.",
    "One speaker is a person, the other one is not.",
    "Both are persons, with one slip.",
    "Each is one and the same person from the first turn to the last.",
)


class Rubric:
    """Asks for two ratings of five steps, each described.

    Score: the lower of the two expected ratings, from 0 for the lowest step to 1 for the highest.
    Parts: ``habits`` and ``person``.
    """

    reason = "low_rating"
    damages = ("mixed", "foreign")

    def next(self, dialogue: Dialogue, answers: Sequence[Completion]) -> Asked | Opinion:
        ballots = [
            Ballot(fill("rubric", habits=habits), steps)
            for habits, steps in ((True, _HABITS), (False, _PERSON))
        ]
        told = poll(dialogue, ballots, answers)
        if isinstance(told, Asked):
            return told
        habits, person = map(_expected, told)
        if habits is None or person is None:
            return Opinion(None, "a rating could not be read")
        parts = {"habits": habits, "person": person}
        return Opinion(min(habits, person), f"habits {habits:.2f}, person {person:.2f}", parts)


def _expected(shares: Shares) -> float | None:
    if shares is None:
        return None
    return sum(share * step for step, share in enumerate(shares)) / (len(shares) - 1)
