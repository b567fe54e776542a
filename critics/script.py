"""Letters of a wrong script: "schwimmen 游泳"."""

from dataclasses import dataclass

from critics.verdict import Verdict
from dialogues.dialogue import Dialogue
from languages.scripts import LETTERS, foreign_letters


@dataclass(frozen=True, slots=True)
class Script:
    """Reason: "foreign_script". Shares are of one turn's letters."""

    most_foreign_share: float
    most_latin_share: float

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge each turn; Latin letters in another script are held to a limit of their own."""
        pattern = foreign_letters(dialogue.scenario.language.script)
        worst = 0.0
        for number, turn in enumerate(dialogue.turns, start=1):
            runs = pattern.findall(turn.text)
            if not runs:
                continue
            letters = len(LETTERS.findall(turn.text))
            latin = sum(len(run) for run in runs if _is_latin(run))
            other = sum(map(len, runs)) - latin
            worst = max(worst, (latin + other) / letters)
            if other > self.most_foreign_share * letters or latin > self.most_latin_share * letters:
                evidence = f"turn {number}: {' '.join(runs)[:120]}"
                return Verdict("script", "foreign_script", evidence, worst)
        return Verdict("script", score=worst)


def _is_latin(run: str) -> bool:
    return foreign_letters("Latn").search(run) is None
