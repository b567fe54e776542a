"""Whether the dialogue, and each turn, is in the language that was asked for."""

from dataclasses import dataclass

from critics.verdict import Verdict
from dialogues.dialogue import Dialogue
from languages.identification import identify_dialogue, verifiable


@dataclass(frozen=True, slots=True)
class LanguageCritic:
    """Reasons: "whole_language", "turn_language". The score is the whole's probability.

    A language that no identifier knows is held only to not being the source language.
    """

    least_whole: float
    least_turn: float

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge the whole, then each turn in its light."""
        target = dialogue.scenario.language
        texts = [turn.text for turn in dialogue.turns]
        whole, turns = identify_dialogue(texts, target)
        if not verifiable(target):
            english = [n for n, turn in enumerate(turns, start=1) if turn.tag == "en"]
            if whole.tag == "en" or len(english) > len(turns) / 2:
                return Verdict("language", "whole_language", f"en in turns {english}", 0.0)
            return Verdict("language")
        if whole.probability < self.least_whole:
            evidence = f"{whole.tag} by {whole.by}"
            return Verdict("language", "whole_language", evidence, whole.probability)
        for number, (turn, text) in enumerate(zip(turns, texts, strict=True), start=1):
            if turn.probability < self.least_turn:
                evidence = f"turn {number}: {turn.tag} by {turn.by}: {text[:120]}"
                return Verdict("language", "turn_language", evidence, whole.probability)
        return Verdict("language", score=whole.probability)
