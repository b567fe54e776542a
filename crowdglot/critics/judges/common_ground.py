"""Is the dialogue about its situation, and do the speakers know what they share?"""

from collections.abc import Sequence

from crowdglot.critics.judges import Opinion
from crowdglot.critics.judges.asking import Ballot, fill, poll
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.interview import Asked
from crowdglot.engines.engine import Completion

_CONVEYED = (
    "It is about this situation from the first turn to the last.",
    "It touches the situation, and most of it is about something else.",
    "It is not about this situation.",
)
_KNOW = (
    "They speak as people who know each other in that way.",
    "They speak as people who have just met, or introduce themselves.",
)


class CommonGroundJudge:
    """Asks whether the situation is what is talked about, and whether the speakers talk as people
    of their relation.

    Score: the share of "about it" and half that of "touches it". Part ``relation``: the share of
    "as people who know each other", where they are no strangers.
    """

    reason = "another_situation"
    damages = ("another_premise",)

    def next(self, dialogue: Dialogue, answers: Sequence[Completion]) -> Asked | Opinion:
        ground = dialogue.scenario.common_ground
        fields = {"premise": ground.premise, "relation": ground.relation.replace("_", " ")}
        ballots = [Ballot(fill("common_ground", of_premise=True, **fields), _CONVEYED)]
        if acquainted := ground.relation != "strangers" and ground.knows != "none":
            ballots.append(Ballot(fill("common_ground", of_premise=False, **fields), _KNOW))
        told = poll(dialogue, ballots, answers)
        if isinstance(told, Asked):
            return told
        if (conveyed := told[0]) is None:
            return Opinion(None, "no answer could be read")
        parts = {"relation": told[1][0]} if acquainted and told[1] else {}
        said = _CONVEYED[conveyed.index(max(conveyed))]
        return Opinion(conveyed[0] + conveyed[1] / 2, said, parts)
