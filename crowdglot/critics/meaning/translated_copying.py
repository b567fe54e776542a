"""Demonstrations copied in translation: a turn that means what a turn of the examples means.

``copying`` compares letters and finds a copy in one language; this critic compares meanings across
languages. People also say "how are you today" in every language, so short turns do not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crowdglot.critics.meaning.space import letters, placed, placed_english
from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.engines.embedding.embedder import Vectors
from crowdglot.languages.scripts import DENSE

_PIECES = 3  # turns: who takes the examples apart takes more than one


@dataclass(frozen=True, slots=True)
class TranslatedCopying:
    """Reasons: "translated_demonstration", "translated_pieces".

    One turn means what one that was shown means; or three come near, each to some turn, and the
    dialogue is put together of what was shown. The score is the highest cosine of a turn and one
    that was shown; None where it is unscored.
    """

    most_alike: float
    most_alike_pieces: float
    least_letters: int
    least_letters_dense: int
    least_letters_pieces: int
    least_letters_pieces_dense: int

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge each turn against all turns of all demonstrations."""
        language = dialogue.scenario.language
        if language.code == "en":
            return Verdict("translated_copying")  # nothing is translated: ``copying`` judges
        dense = language.script in DENSE
        least = self.least_letters_dense if dense else self.least_letters
        fewest = min(least, self.least_letters_pieces_dense if dense else self.least_letters_pieces)
        fewest_shown = min(self.least_letters, self.least_letters_pieces)
        texts = [(at, turn.text) for at, turn in enumerate(dialogue.turns, start=1)]
        said = [(at, text) for at, text in texts if letters(text) >= fewest]
        shown = [turn.text for one in dialogue.demonstrations for turn in one.turns]
        shown = [text for text in shown if letters(text) >= fewest_shown]
        if not said or not shown:
            return Verdict("translated_copying", score=0.0)
        own, theirs = placed([text for _, text in said], language), placed_english(shown)
        if own is None or theirs is None:
            return Verdict("translated_copying")
        near = own @ theirs.T
        long = [letters(text) >= least for _, text in said]
        long_shown = [letters(text) >= self.least_letters for text in shown]
        alone = np.where(np.outer(long, long_shown), near, 0.0)
        if (score := float(alone.max())) > self.most_alike:
            evidence = _told(alone, said, shown, 1)
            return Verdict("translated_copying", "translated_demonstration", evidence, score)
        nearest = np.sort(near.max(axis=1))[-_PIECES:]
        if len(nearest) == _PIECES and nearest.mean() > self.most_alike_pieces:
            evidence = _told(near, said, shown, _PIECES)
            return Verdict("translated_copying", "translated_pieces", evidence, score)
        return Verdict("translated_copying", score=score)


def _told(near: Vectors, said: Sequence[tuple[int, str]], shown: Sequence[str], most: int) -> str:
    """The turns that are nearest to what was shown, each with what it is near to."""
    rows = np.argsort(-near.max(axis=1))[:most]
    pairs = ((*said[row], shown[near[row].argmax()]) for row in rows)
    return "; ".join(f"turn {at}: {text[:85]} | shown: {one[:85]}" for at, text, one in pairs)
