"""Whether turns are as long as people speak."""

from dataclasses import dataclass

from critics.verdict import Verdict
from dialogues.dialogue import Dialogue
from languages.scripts import LETTERS

# Scripts in which a word takes a character or two.
_DENSE = frozenset({"Hans", "Hant", "Jpan", "Kore"})


@dataclass(frozen=True, slots=True)
class Length:
    """Reasons: "empty_turn", "long_turn", "tiny_turns". Lengths are in characters."""

    most_characters: int
    most_characters_dense: int
    least_characters: int
    most_tiny_share: float

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge each turn, then the share of turns with hardly a word."""
        dense = dialogue.scenario.language.script in _DENSE
        limit = self.most_characters_dense if dense else self.most_characters
        longest, tiny = 0, 0
        for number, turn in enumerate(dialogue.turns, start=1):
            if len(turn.text) < self.least_characters:
                return Verdict("length", "empty_turn", f"turn {number}", 0)
            if len(turn.text) > limit:
                evidence = f"turn {number}: {len(turn.text)} characters"
                return Verdict("length", "long_turn", evidence, len(turn.text))
            longest = max(longest, len(turn.text))
            tiny += len(LETTERS.findall(turn.text)) < (2 if dense else 4)
        if tiny > self.most_tiny_share * max(1, len(dialogue.turns)):
            return Verdict("length", "tiny_turns", f"{tiny} of {len(dialogue.turns)} turns", tiny)
        return Verdict("length", score=longest)
