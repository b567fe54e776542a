"""Whether the dialogue talks about its situation.

The mean of the three turns that are nearest to the premise in meaning, less what other dialogues
reach by chance with that premise: some premises are near to all talk. Meant for choosing among the
drafts of one scenario; as a verdict it can only find a dialogue that never comes near.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from crowdglot.critics.meaning.space import placed, placed_english, placed_premise
from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.readers import read_demonstrations
from crowdglot.engines.embedding.embedder import Vectors

_NEAREST = 3  # turns: a premise is told in few, the others go on from there
_OTHERS = 8  # demonstrations, whose vectors every process works out once, in a second or two


@dataclass(frozen=True, slots=True)
class Premise:
    """Reason: "off_premise". The score is 0 by chance; None where it is unscored."""

    least: float

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge the turns against the premise of the common ground."""
        scenario = dialogue.scenario
        if not (premise := scenario.common_ground.premise.strip()):
            return Verdict("premise")
        told = placed_premise(premise, scenario.names)
        turns = placed([turn.text for turn in dialogue.turns], scenario.language)
        if told is None or turns is None:
            return Verdict("premise")
        score = nearness(turns, told) - by_chance(premise, scenario.names)
        if score >= self.least:
            return Verdict("premise", score=score)
        return Verdict("premise", "off_premise", f"premise: {premise[:180]}", score)


def nearness(turns: Vectors, premise: Vectors) -> float:
    """The mean cosine of ``premise`` and the turns nearest to it."""
    return float(np.sort(turns @ premise)[-_NEAREST:].mean())


@lru_cache(maxsize=1024)
def by_chance(premise: str, names: tuple[str, ...]) -> float:
    """What the bundled demonstrations, which talk about other things, reach with ``premise``."""
    told = placed_premise(premise, names)
    if told is None:
        return 0.0
    reached = [
        nearness(turns, told)
        for shown in read_demonstrations("bundled")[:_OTHERS]
        if shown.premise != premise
        and (turns := placed_english([turn.text for turn in shown.turns])) is not None
    ]
    return float(np.mean(reached)) if reached else 0.0
