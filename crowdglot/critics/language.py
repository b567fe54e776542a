"""Whether the dialogue and each turn are in the language that was asked for."""

from dataclasses import dataclass

from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.languages.identification import identify_dialogue, surely_in, verifiable
from crowdglot.languages.switching import switched_words


@dataclass(frozen=True, slots=True)
class LanguageCritic:
    """Reasons: "whole_language", "turn_language", "code_switching". Score: the whole's probability.

    A dialogue in a language that no identifier knows is rejected only if it is in another one
    beyond doubt.
    """

    least_whole: float
    least_turn: float
    least_switching: float
    most_switching: float

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge the whole, then each turn in the context of the whole, then the turns' words."""
        target = dialogue.scenario.language
        texts = [turn.text for turn in dialogue.turns]
        if not verifiable(target):
            other = surely_in(texts)
            if other:
                return Verdict("language", "whole_language", f"{other} beyond doubt", 0.0)
            return Verdict("language")
        whole, turns = identify_dialogue(texts, target)
        if whole.probability < self.least_whole:
            evidence = f"{whole.tag} by {whole.by}"
            return Verdict("language", "whole_language", evidence, whole.probability)
        for number, (turn, text) in enumerate(zip(turns, texts, strict=True), start=1):
            if turn.probability < self.least_turn:
                evidence = f"turn {number}: {turn.tag} by {turn.by}: {text[:120]}"
                return Verdict("language", "turn_language", evidence, whole.probability)
        names, least = dialogue.scenario.names, self.least_switching
        spans = switched_words(texts, target, least, names=names)
        switched = {span.casefold(): score for span, score in spans}
        if sum(switched.values()) > self.most_switching:
            evidence = f"English spans: {'; '.join(switched)}"
            return Verdict("language", "code_switching", evidence, whole.probability)
        return Verdict("language", score=whole.probability)
