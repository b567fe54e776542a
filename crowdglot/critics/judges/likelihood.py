"""How much likelier does a model find each turn in its context than alone?

C-PMI: a small model knows more than it can say. It needs an engine that tells the probability of a
prompt (``transformers``, and vLLM).
"""

from collections.abc import Sequence

from crowdglot.critics.judges import Opinion
from crowdglot.critics.judges.asking import fill
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.interview import JUDGE, Asked
from crowdglot.dialogues.message import Message
from crowdglot.engines.engine import Completion


class Likelihood:
    """Has the model read the dialogue up to each turn, and each turn alone.

    Score: the mean over all turns but the first of the log-probability a token that the context
    adds, in nats; below 0 where the context makes a turn unlikely. Evidence: the turn with least.
    """

    reason = "unlikely_turn"
    damages = ("mixed", "strangers", "shuffled")

    def next(self, dialogue: Dialogue, answers: Sequence[Completion]) -> Asked | Opinion:
        """See ``Judge``."""
        turns = dialogue.turns
        shown = [turns[:end] for end in range(len(turns) + 1)] + [(turn,) for turn in turns[1:]]
        if len(answers) < len(shown):
            read_this = (Message("user", fill("likelihood", turns=shown[len(answers)])),)
            return Asked(read_this, sampling={"max_tokens": 1}, of=JUDGE, scored=True)
        if len(turns) < 2:
            return Opinion(None, "there is no second turn")
        read = [(one.prompt_logprob, one.prompt_tokens) for one in answers]
        if any(likely is None or not tokens for likely, tokens in read):
            return Opinion(None, "the engine does not tell how likely a prompt is")
        return _opinion([(likely or 0.0, tokens) for likely, tokens in read], dialogue)


def _opinion(read: Sequence[tuple[float, int]], dialogue: Dialogue) -> Opinion:
    """From the log-probabilities and tokens of the beginnings, then of the turns alone."""
    empty, count = read[0][0], len(dialogue.turns)
    added = []
    for at in range(2, count + 1):
        (before, tokens), (after, more), (alone, _) = read[at - 1], read[at], read[count + at - 1]
        added.append(((after - before - (alone - empty)) / max(1, more - tokens), at))
    least, at = min(added)
    score = sum(one for one, _ in added) / len(added)
    return Opinion(score, f"turn {at} ({least:.2f}): {dialogue.turns[at - 1].text}")
