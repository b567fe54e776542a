"""Whether turns are as long as people speak."""

from dataclasses import dataclass

import regex

from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue

# Scripts in which a word takes a character or two.
_DENSE = frozenset({"Hans", "Hant", "Jpan", "Kore"})
_TWO_LETTERS = regex.compile(r"\p{L}\P{L}*\p{L}")
_FOUR_LETTERS = regex.compile(r"\p{L}(?:\P{L}*\p{L}){3}")


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
        enough = _TWO_LETTERS if dense else _FOUR_LETTERS
        longest, tiny = 0, 0
        for number, turn in enumerate(dialogue.turns, start=1):
            length = len(turn.text)
            if length < self.least_characters or not turn.text.strip():
                return Verdict("length", "empty_turn", f"turn {number}", 0)
            if length > limit:
                evidence = f"turn {number}: {length} characters"
                return Verdict("length", "long_turn", evidence, length)
            longest = max(longest, length)
            # Most turns begin with a word of four letters.
            if length < 4 or not turn.text[:4].isalpha():
                tiny += not enough.search(turn.text)
        if tiny > self.most_tiny_share * max(1, len(dialogue.turns)):
            return Verdict("length", "tiny_turns", f"{tiny} of {len(dialogue.turns)} turns", tiny)
        return Verdict("length", score=longest)
