"""Demonstrations copied in translation: a turn that means what a turn of the examples means.

``copying`` compares letters and finds a copy in one language; this critic compares meanings across
languages. People also say "how are you today" in every language, so short turns do not count.
"""

from dataclasses import dataclass

from crowdglot.critics.meaning.space import letters, placed, placed_english
from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.languages.scripts import DENSE


@dataclass(frozen=True, slots=True)
class TranslatedCopying:
    """Reason: "translated_demonstration".

    The score is the highest cosine of a turn and one that was shown; None where it is unscored.
    """

    most_alike: float
    least_letters: int
    least_letters_dense: int

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge each turn against all turns of all demonstrations."""
        language = dialogue.scenario.language
        if language.code == "en":
            return Verdict("translated_copying")  # nothing is translated: ``copying`` judges
        least = self.least_letters_dense if language.script in DENSE else self.least_letters
        said = [(at, turn.text) for at, turn in enumerate(dialogue.turns, start=1)
                if letters(turn.text) >= least]  # fmt: skip
        shown = [turn.text for one in dialogue.demonstrations for turn in one.turns
                 if letters(turn.text) >= self.least_letters]  # fmt: skip
        if not said or not shown:
            return Verdict("translated_copying", score=0.0)
        own, theirs = placed([text for _, text in said], language), placed_english(shown)
        if own is None or theirs is None:
            return Verdict("translated_copying")
        near = own @ theirs.T
        row, column = divmod(int(near.argmax()), near.shape[1])
        score = float(near[row, column])
        if score <= self.most_alike:
            return Verdict("translated_copying", score=score)
        number, text = said[row]
        evidence = f"turn {number}: {text[:85]} | shown: {shown[column][:85]}"
        return Verdict("translated_copying", "translated_demonstration", evidence, score)
