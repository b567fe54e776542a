"""Whether the dialogue, and each turn, is in the language that was asked for."""

from dataclasses import dataclass

from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.languages.identification import identify_dialogue, verifiable
from crowdglot.languages.switching import switched_words


@dataclass(frozen=True, slots=True)
class LanguageCritic:
    """Reasons: "whole_language", "turn_language", "code_switching". Score: the whole's probability.

    A language that no identifier knows is held only to not being the source language.
    """

    least_whole: float
    least_turn: float
    least_switching: float
    most_switching: float

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge the whole, then each turn in its light, then the words within the turns."""
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
        switched = self._switched(texts, dialogue)
        if sum(switched.values()) > self.most_switching:
            evidence = f"English spans: {'; '.join(switched)}"[:200]
            return Verdict("language", "code_switching", evidence, whole.probability)
        return Verdict("language", score=whole.probability)

    def _switched(self, texts: list[str], dialogue: Dialogue) -> dict[str, float]:
        """The different switched spans of all turns, lower-case, with their scores.

        Letters of a third script are left to the critic ``script``.
        """
        scenario, least = dialogue.scenario, self.least_switching
        spans = switched_words(texts, scenario.language, least, names=scenario.names)
        return {span.text.casefold(): span.score for span in spans}
