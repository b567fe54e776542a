"""Whether the turns belong together and stand in their order, by meaning.

Two figures of a small model (see ``next_turn``): how well turns follow one another at all, which is
low where turns come from elsewhere, and how well against the other turns of the same dialogue,
which is low where they are out of order. Their weighted sum is compared with what people reach in
as many turns: the fewer turns, the wider people spread.
"""

from dataclasses import dataclass

import numpy as np

from crowdglot.critics.meaning.next_turn import following
from crowdglot.critics.meaning.space import placed
from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue

FEWEST = 4  # turns; less is unscored


@dataclass(frozen=True, slots=True)
class Coherence:
    """Reason: "incoherent". The score grows with coherence; None where it is unscored.

    ``least_4`` … ``least_16``: the least score of a dialogue with so many turns, between them a
    straight line over the number of turns; more than 16 count as 16.
    """

    order_weight: float
    least_4: float
    least_6: float
    least_10: float
    least_16: float

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge the whole; the evidence is the turn that follows worst."""
        turns = dialogue.turns
        if len(turns) < FEWEST:
            return Verdict("coherence")
        vectors = placed([turn.text for turn in turns], dialogue.scenario.language)
        if vectors is None:
            return Verdict("coherence")
        found = following(vectors)
        each = found.fit + self.order_weight * found.order
        score = float(each.mean())
        if score >= self.least(len(turns)):
            return Verdict("coherence", score=score)
        worst = int(each.argmin()) + 1
        said, before = turns[worst].text, turns[worst - 1].text
        evidence = f"turn {worst + 1}: {said[:85]} | after: {before[:85]}"
        return Verdict("coherence", "incoherent", evidence, score)

    def least(self, turns: int) -> float:
        """The least score of a dialogue of so many turns."""
        least = (self.least_4, self.least_6, self.least_10, self.least_16)
        return float(np.interp(turns, (4, 6, 10, 16), least))
