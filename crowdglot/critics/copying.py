"""Copied demonstrations: turns taken over from the prompt's examples.

Shared character 6-grams find suspects and the most similar demonstration turn fast; chrF (Popović
2015, as sacrebleu computes it) confirms them.
"""

from dataclasses import dataclass
from functools import lru_cache

from sacrebleu.metrics.chrf import CHRF

from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.grams import grams, squeezed, squeezed_turns

_GRAM = 6
_STEP = 3  # every third 6-gram of a turn is looked up; those between overlap it
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
        # The cache's key is their texts, because strings keep their hashes and dataclasses do not.
        texts = [turn.text for shown in dialogue.demonstrations for turn in shown.turns]
        known, turns = _shown(tuple(texts))
        worst = 0.0
        for number, text in enumerate(squeezed_turns(dialogue.turns), start=1):
            if len(text) - text.count(" ") < self.least_letters:
                continue
            own = set(grams(text, _GRAM, _STEP))
            overlap = len(own & known) / len(own)
            worst = max(worst, overlap)
            if overlap <= self.most_overlap:
                continue
            nearest = max(turns, key=lambda shown: len(own & turns[shown]))
            if _CHRF.sentence_score(text, [nearest]).score >= self.least_chrf:
                said = dialogue.turns[number - 1].text
                evidence = f"turn {number}: {said[:85]} | shown: {nearest[:85]}"
                return Verdict("copying", "copied_demonstration", evidence, overlap)
        return Verdict("copying", score=worst)


@lru_cache(maxsize=64)
def _shown(texts: tuple[str, ...]) -> tuple[frozenset[str], dict[str, set[str]]]:
    """The 6-grams of all turns that were shown, and those of each."""
    turns = {text: set(grams(text, _GRAM)) for text in map(squeezed, texts)}
    return frozenset().union(*turns.values()), turns
