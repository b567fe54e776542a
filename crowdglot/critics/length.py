"""Whether turns are as long as people speak."""

from dataclasses import dataclass

from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.languages.scripts import DENSE, count_letters


@dataclass(frozen=True, slots=True)
class Length:
    """Reasons: "empty_turn", "long_turn", "tiny_turns". Lengths are in characters."""

    most_characters: int
    most_characters_dense: int
    least_characters: int
    most_tiny_share: float

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge each turn, then the share of turns with so few letters that they say nothing."""
        dense = dialogue.scenario.language.script in DENSE
        limit = self.most_characters_dense if dense else self.most_characters
        fewest = 2 if dense else 4
        longest, tiny = 0, 0
        for number, turn in enumerate(dialogue.turns, start=1):
            length = len(turn.text)
            if length < self.least_characters or not turn.text.strip():
                return Verdict("length", "empty_turn", f"turn {number}", 0)
            if length > limit:
                evidence = f"turn {number}: {length} characters"
                return Verdict("length", "long_turn", evidence, length)
            longest = max(longest, length)
            # The beginning has the letters of most turns, so the rest needs no counting.
            if count_letters(turn.text[:8]) < fewest:
                tiny += count_letters(turn.text) < fewest
        if tiny > self.most_tiny_share * max(1, len(dialogue.turns)):
            return Verdict("length", "tiny_turns", f"{tiny} of {len(dialogue.turns)} turns", tiny)
        return Verdict("length", score=longest)
