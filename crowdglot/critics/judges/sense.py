"""Does every turn make sense where it stands?"""

from collections.abc import Sequence

from crowdglot.critics.judges import Opinion
from crowdglot.critics.judges.asking import Ballot, fill, mean, poll
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.interview import Asked
from crowdglot.engines.engine import Completion

_ANSWERS = ("Yes, it follows.", "No, it does not.")


class Sense:
    """Asks of every turn but the first whether it follows from those before it.

    Score: the mean share of "yes". Evidence: the turn that fits least.
    """

    reason = "out_of_place"
    damages = ("mixed", "strangers", "shuffled")

    def next(self, dialogue: Dialogue, answers: Sequence[Completion]) -> Asked | Opinion:
        numbers = range(2, len(dialogue.turns) + 1)
        ballots = [Ballot(fill("sense", number=number), _ANSWERS) for number in numbers]
        told = poll(dialogue, ballots, answers)
        if isinstance(told, Asked):
            return told
        scores = [shares[0] if shares else None for shares in told]
        scored = [(one, at) for at, one in enumerate(scores, 2) if one is not None]
        if not scored:
            return Opinion(None, "no turn could be judged")
        least, at = min(scored)
        return Opinion(mean(scores), f"turn {at} ({least:.2f}): {dialogue.turns[at - 1].text}")
