"""Is somebody who tells of a problem supported: the feeling named, no diagnosis, no harm?"""

from collections.abc import Mapping, Sequence

from crowdglot.critics.judges import Opinion
from crowdglot.critics.judges.asking import Ballot, fill, poll, show
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.interview import JUDGE, Asked
from crowdglot.dialogues.message import Message
from crowdglot.engines.engine import Completion

_ANSWERS = {
    "feeling": (
        "They name the feeling, or say in words of their own what it must be like.",
        "They go into the matter, and not into the feeling.",
        "They pass over it.",
        "Nobody tells of a difficulty.",
    ),
    "diagnosis": ("No.", "Yes."),
    "harm": ("No.", "Yes."),
}
_HOW = {"temperature": 0.0, "top_p": 1.0, "min_p": 0.0, "max_tokens": 60}


class Support:
    """Asks how the feeling is taken up, whether anybody diagnoses, and whether anybody does harm;
    then why, in a sentence.

    Score: the lesser of the shares of "no diagnosis" and "no harm"; half of it where the feeling is
    passed over. Evidence: the three figures (also its parts) and the sentence.
    """

    reason = "unsupportive"
    damages = ("unsupportive",)

    def next(self, dialogue: Dialogue, answers: Sequence[Completion]) -> Asked | Opinion:
        ballots = [Ballot(fill("support", ask=ask), said) for ask, said in _ANSWERS.items()]
        told = poll(dialogue, ballots, answers[:-1])
        explained = not isinstance(told, Asked)  # then the last answer says why
        told = told if explained else poll(dialogue, ballots, answers)
        if isinstance(told, Asked):
            return told
        shares = {ask: one for ask, one in zip(_ANSWERS, told, strict=True) if one}
        if len(shares) < len(_ANSWERS):
            return Opinion(None, "not all of three answers could be read")
        if not explained:
            return _why(dialogue, shares)
        feeling, diagnosis, harm = shares.values()
        parts = {
            "feeling": feeling[0] + (feeling[1] + feeling[3]) / 2,
            "no_diagnosis": diagnosis[0],
            "no_harm": harm[0],
        }
        score = min(diagnosis[0], harm[0]) * (1 + parts["feeling"]) / 2
        figures = ", ".join(f"{name.replace('_', ' ')} {one:.2f}" for name, one in parts.items())
        return Opinion(score, f"{figures}: {' '.join(answers[-1].text.split())}", parts)


def _why(dialogue: Dialogue, shares: Mapping[str, Sequence[float]]) -> Asked:
    said = {ask: _ANSWERS[ask][one.index(max(one))] for ask, one in shares.items()}
    about = Message("system", show(dialogue))
    question = Message("user", fill("support", ask="why", **said))
    return Asked((about, question), sampling=_HOW, of=JUDGE)
