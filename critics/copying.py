"""Copied demonstrations: turns taken over from the prompt's examples.

Two steps: shared character 6-grams find the candidates fast, chrF (Popović 2015, as sacrebleu
computes it) confirms them and is the evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sacrebleu.metrics.chrf import CHRF

from critics.grams import grams, squeezed
from critics.verdict import Verdict
from dialogues.dialogue import Demonstration, Dialogue
from languages.scripts import LETTERS

_GRAM = 6
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
        known, turns = _shown(tuple(dialogue.demonstrations))
        worst = 0.0
        for number, turn in enumerate(dialogue.turns, start=1):
            text = squeezed(turn.text)
            if len(LETTERS.findall(text)) < self.least_letters:
                continue
            own = set(grams(text, _GRAM))
            overlap = len(own & known) / len(own)
            worst = max(worst, overlap)
            if overlap <= self.most_overlap:
                continue
            score, nearest = max((_chrf(text, shown), shown) for shown in turns)
            if score >= self.least_chrf:
                evidence = f"turn {number}: {turn.text[:90]} | shown: {nearest[:90]}"
                return Verdict("copying", "copied_demonstration", evidence, overlap)
        return Verdict("copying", score=worst)


def _chrf(text: str, shown: str) -> float:
    return float(_CHRF.sentence_score(text, [shown]).score)


@lru_cache(maxsize=256)
def _shown(demonstrations: Sequence[Demonstration]) -> tuple[frozenset[str], tuple[str, ...]]:
    """The 6-grams of all demonstration turns, and the turns themselves."""
    turns = tuple(squeezed(turn.text) for shown in demonstrations for turn in shown.turns)
    return frozenset(gram for turn in turns for gram in grams(turn, _GRAM)), turns
