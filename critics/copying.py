"""Copied demonstrations: turns taken over from the prompt's examples.

Two steps: shared character 6-grams find suspects and the nearest demonstration turn fast, chrF
(Popović 2015, as sacrebleu computes it) confirms them.
"""

from dataclasses import dataclass
from functools import lru_cache

from sacrebleu.metrics.chrf import CHRF

from critics.grams import grams, squeezed
from critics.verdict import Verdict
from dialogues.dialogue import Dialogue, Turn

_GRAM = 6
_STEP = 3  # every third 6-gram of a turn is looked up; its neighbours say the same
_CHRF = CHRF()


@dataclass(frozen=True, slots=True)
class Copying:
    """Reason: "copied_demonstration". The score is the largest share of copied 6-grams."""

    most_overlap: float
    least_chrf: float
    least_letters: int

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge each turn against all turns of all demonstrations."""
        if not dialogue.demonstrations:
            return Verdict("copying", score=0.0)
        known, turns = _shown(tuple(shown.turns for shown in dialogue.demonstrations))
        worst = 0.0
        for number, turn in enumerate(dialogue.turns, start=1):
            text = squeezed(turn.text)
            if len(text) - text.count(" ") < self.least_letters:
                continue
            own = set(grams(text, _GRAM, _STEP))
            overlap = len(own & known) / len(own)
            worst = max(worst, overlap)
            if overlap <= self.most_overlap:
                continue
            nearest = max(turns, key=lambda shown: len(own & turns[shown]))
            if _chrf(text, nearest) >= self.least_chrf:
                evidence = f"turn {number}: {turn.text[:85]} | shown: {nearest[:85]}"
                return Verdict("copying", "copied_demonstration", evidence, overlap)
        return Verdict("copying", score=worst)


def _chrf(text: str, shown: str) -> float:
    return float(_CHRF.sentence_score(text, [shown]).score)


@lru_cache(maxsize=64)
def _shown(dialogues: tuple[tuple[Turn, ...], ...]) -> tuple[frozenset[str], dict[str, set[str]]]:
    """The 6-grams of all demonstrations, and those of each of their turns."""
    texts = (squeezed(turn.text) for turns in dialogues for turn in turns)
    turns = {text: set(grams(text, _GRAM)) for text in texts}
    return frozenset().union(*turns.values()), turns
