"""How much likelier does a model find each turn in its context than alone?

C-PMI: a small model knows more than it can say. It needs an engine that tells the probability of a
prompt (``transformers``, and ``openai`` with vLLM or SGLang).
"""

from collections.abc import Sequence

from crowdglot.critics.judges import Opinion
from crowdglot.critics.judges.asking import fill
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.interview import JUDGE, Asked
from crowdglot.dialogues.message import Message
from crowdglot.engines.engine import Completion


class Likelihood:
    """Has the model read the dialogue, which tells of every turn in its context, and each turn
    alone; all in one question.

    Score: the mean over all turns but the first of the log-probability a token that the context
    adds, in nats; below 0 where the context makes a turn unlikely. Evidence: the turn with least.
    """

    reason = "unlikely_turn"
    damages = ("mixed", "strangers", "shuffled")

    def next(self, dialogue: Dialogue, answers: Sequence[Completion]) -> Asked | Opinion:
        """See ``Judge``."""
        turns = dialogue.turns
        if len(turns) < 2:
            return Opinion(None, "there is no second turn")
        if not answers:
            shown = (turns, *((turn,) for turn in turns[1:]))
            # With the break at its end the last turn has the same tokens as one amid others.
            texts = (f"{fill('likelihood', turns=one)}\n" for one in shown)
            read_these = tuple(Message("user", text) for text in texts)
            return Asked(read_these, sampling={"max_tokens": 1}, of=JUDGE, scored=True)
        likely = [value for _, value in answers[0].logprobs]
        if len(likely) != 2 * len(turns) - 1:
            return Opinion(None, "the engine does not tell how likely a prompt is")
        within, alone = likely[1 : len(turns)], likely[len(turns) :]
        added = [
            (one - other, at) for at, (one, other) in enumerate(zip(within, alone, strict=True), 2)
        ]
        least, at = min(added)
        score = sum(one for one, _ in added) / len(added)
        return Opinion(score, f"turn {at} ({least:.2f}): {dialogue.turns[at - 1].text}")
