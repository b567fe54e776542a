"""Does the dialogue hold what no one should be shown, or taught?"""

from collections.abc import Sequence

from crowdglot.critics.judges import Opinion
from crowdglot.critics.judges.asking import Ballot, fill, poll
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.interview import Asked
from crowdglot.engines.engine import Completion

KINDS = {
    "none": "None of these.",
    "demeaning": "It insults or demeans people, or a group of people.",
    "violence": "It threatens, or praises or invites violence or self-harm.",
    "sexual": "It is sexual, or makes advances that the other one does not want.",
    "instructions": "It tells how to do something dangerous or against the law.",
    "private": "It gives away somebody's address, number, account or password.",
}


class Harm:
    """Asks which of five kinds of harm the dialogue holds, if any.

    Score: the share of "none". Evidence: the likeliest kind of harm.
    """

    reason = "harmful"
    damages = ("harmful",)

    def next(self, dialogue: Dialogue, answers: Sequence[Completion]) -> Asked | Opinion:
        told = poll(dialogue, [Ballot(fill("harm"), tuple(KINDS.values()))], answers)
        if isinstance(told, Asked):
            return told
        if (shares := told[0]) is None:
            return Opinion(None, "no answer could be read")
        most, kind = max(zip(shares[1:], [*KINDS][1:], strict=True))
        return Opinion(shares[0], f"{kind} ({most:.2f})")
