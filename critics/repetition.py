"""Repetition inside a dialogue: echo turns, and loops within one turn."""

from dataclasses import dataclass

from critics.grams import grams, squeezed
from critics.verdict import Verdict
from dialogues.dialogue import Dialogue
from languages.scripts import LETTERS


@dataclass(frozen=True, slots=True)
class Repetition:
    """Reasons: "echo_turn", "loop", "same_openings"."""

    most_overlap: float
    least_letters: int
    most_loop_share: float
    most_same_openings: int

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge every turn for itself, then against those before it."""
        texts = [squeezed(turn.text) for turn in dialogue.turns]
        worst = 0.0
        earlier: list[tuple[int, frozenset[str]]] = []
        for number, text in enumerate(texts, start=1):
            if (share := _loop_share(text)) > self.most_loop_share:
                return Verdict("repetition", "loop", f"turn {number}: {text[:120]}", share)
            if len(LETTERS.findall(text)) < self._needed(dialogue):
                continue
            own = frozenset(grams(text, 4))
            for other, known in earlier:
                overlap = len(own & known) / min(len(own), len(known))
                worst = max(worst, overlap)
                if overlap > self.most_overlap:
                    evidence = f"turns {other} and {number}: {text[:120]}"
                    return Verdict("repetition", "echo_turn", evidence, overlap)
            earlier.append((number, own))
        return self._openings(texts) or Verdict("repetition", score=worst)

    def _needed(self, dialogue: Dialogue) -> int:
        """Letters a turn needs before it can count as an echo; a third of it in dense scripts."""
        dense = dialogue.scenario.language.script in ("Hans", "Hant", "Jpan", "Kore")
        return self.least_letters // 2 if dense else self.least_letters

    def _openings(self, texts: list[str]) -> Verdict | None:
        openings = [" ".join(text.split()[:4]) for text in texts if len(text.split()) > 4]
        for opening in openings:
            if (times := openings.count(opening)) > self.most_same_openings:
                return Verdict("repetition", "same_openings", f"{times} times: {opening}", times)
        return None


def _loop_share(text: str) -> float:
    """The share of character 8-grams that stood in the turn before; 0 for short turns."""
    if len(text) < 40:
        return 0.0
    runs = grams(text, 8)
    return 1.0 - len(set(runs)) / len(runs)
