"""Does a speaker contradict what he or she said before?"""

from collections.abc import Sequence

from crowdglot.critics.judges import Opinion
from crowdglot.critics.judges.asking import Ballot, fill, poll
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.interview import Asked
from crowdglot.engines.engine import Completion

_ANSWERS = ("No, never.", "Yes.")


class Consistency:
    """Asks of each speaker whether two of his or her turns cannot both be true.

    Score: the share of "no" of the speaker for whom it is least. Evidence: that speaker.
    """

    reason = "contradicts_itself"
    damages = ("contradicted",)

    def next(self, dialogue: Dialogue, answers: Sequence[Completion]) -> Asked | Opinion:
        speakers = sorted({turn.speaker for turn in dialogue.turns})
        ballots = [Ballot(fill("consistency", speaker=who), _ANSWERS) for who in speakers]
        told = poll(dialogue, ballots, answers)
        if isinstance(told, Asked):
            return told
        known = [(one[0], who) for one, who in zip(told, speakers, strict=True) if one]
        if len(known) < len(speakers):
            return Opinion(None, "not every speaker could be judged")
        least, who = min(known)
        return Opinion(least, f"speaker {who} ({least:.2f})")
