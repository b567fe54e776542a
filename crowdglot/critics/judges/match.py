"""Which of two dialogues of one scenario is the better one? Five experts, each in both orders.

The experts are those of Synthetic-Persona-Chat's critic (Jandaghi et al. 2023), after the qualities
of FED, with questions of our own. An expert who takes the one that is shown first, whichever it is,
has no opinion.
"""

from collections.abc import Sequence

from crowdglot.critics.judges.asking import Ballot, fill
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.interview import Asked
from crowdglot.engines.engine import Completion

# Its name in the rows, where it is a role, and in the trials.
MATCH = "match"
EXPERTS = ("depth", "coherency", "consistency", "diversity", "likeability")
_ANSWERS = ("The first conversation.", "The second conversation.")


class Match:
    """A pure function from two dialogues and the answers so far to the next question or the result.

    ``damages``: of which the whole dialogue must win (see ``belief``).
    """

    damages = ("mixed", "strangers", "shuffled")

    def next(self, one: Dialogue, other: Dialogue, answers: Sequence[Completion]) -> Asked | float:
        """The next question; else how ``other`` fares: 1 wins, 0 loses, 0.5 a tie."""
        votes = [0, 0]
        for number, expert in enumerate(EXPERTS):
            ballot = Ballot(fill("match", expert=expert, pair=None), _ANSWERS)
            chosen = set()
            for turned in (False, True):
                at = 2 * number + turned
                if at == len(answers):
                    pair = (other, one) if turned else (one, other)
                    return ballot.asked(fill("match", expert="", pair=pair), 0)
                shares = ballot.told(answers[at])
                said = shares.index(max(shares)) if shares else ballot.vote(answers[at], 0)
                chosen.add(None if said is None else said ^ turned)
            if len(chosen) == 1 and (winner := chosen.pop()) is not None:
                votes[winner] += 1
        return 0.5 if votes[0] == votes[1] else float(votes[1] > votes[0])
