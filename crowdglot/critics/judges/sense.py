"""Does every turn make sense where it stands?"""

from collections.abc import Sequence

from crowdglot.critics.judges import Opinion
from crowdglot.critics.judges.asking import Ballot, fill, poll
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
        scored = [(shares[0], at) for at, shares in enumerate(told, 2) if shares]
        if not scored:
            return Opinion(None, "no turn could be judged")
        least, at = min(scored)
        enough = 2 * len(scored) > len(told)
        mean = sum(score for score, _ in scored) / len(scored) if enough else None
        return Opinion(mean, f"turn {at} ({least:.2f}): {dialogue.turns[at - 1].text}")
