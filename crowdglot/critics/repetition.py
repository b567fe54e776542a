"""Repetition inside a dialogue: echo turns, and loops within one turn."""

from collections import Counter
from dataclasses import dataclass
from itertools import chain

from crowdglot.dialogues.grams import grams, squeezed_turns
from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.languages.scripts import DENSE

_SHORTEST_LOOP = 40  # characters
# A turn is no loop if more than this share of its words differ. Where a "word" is longer than any,
# as in scripts without blanks and in "hahahaha", pairs of characters stand for words.
_NEW_WORDS = 0.75
_LONG_WORD = 16  # characters


@dataclass(frozen=True, slots=True)
class Repetition:
    """Reasons: "echo_turn", "loop", "same_openings".

    The score of a dialogue that passes is the highest share of common 4-grams of two turns; 0 where
    no two turns share half of their words, because such turns are not compared.
    """

    most_overlap: float
    least_letters: int
    least_letters_dense: int
    least_letters_contained: int
    most_loop_share: float
    most_same_openings: int

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge every turn alone, then against those before it."""
        dense = dialogue.scenario.language.script in DENSE
        least = self.least_letters_dense if dense else self.least_letters
        texts = squeezed_turns(dialogue.turns)
        split = [text.split() for text in texts]
        worst, unspaced = 0.0, max(map(len, chain(*split)), default=0) > _LONG_WORD
        numbers: dict[str, int] = {}  # a word's bit: sets of words are compared as integers
        earlier: list[tuple[int, str, int, int]] = []
        for number, (text, listed) in enumerate(zip(texts, split, strict=True), start=1):
            words = frozenset(listed)
            if len(text) >= _SHORTEST_LOOP and (unspaced or len(words) <= _NEW_WORDS * len(listed)):
                share = _loop_share(text)
                if share > self.most_loop_share:
                    return Verdict("repetition", "loop", f"turn {number}: {text[:120]}", share)
            if len(text) - text.count(" ") < least:
                continue
            if unspaced:
                words = frozenset(grams(text, 2))
            own, count = 0, len(words)
            for word in words:
                own |= 1 << numbers.setdefault(word, len(numbers))
            for other, before, known, as_many in earlier:
                short, long = len(before), len(text)
                if short > long:
                    short, long = long, short
                if short < self.least_letters_contained and short < self.most_overlap * 0.75 * long:
                    continue
                if 2 * (own & known).bit_count() < (count if count < as_many else as_many):
                    continue
                alike = self._likeness(text, before)
                worst = max(worst, alike)
                if alike > self.most_overlap:
                    evidence = f"turns {other} and {number}: {text[:120]}"
                    return Verdict("repetition", "echo_turn", evidence, alike)
            earlier.append((number, text, own, count))
        return self._openings(split) or Verdict("repetition", score=worst)

    def _likeness(self, one: str, other: str) -> float:
        """The share of common 4-grams: of both turns, or of the shorter one if it is long."""
        mine, theirs = set(grams(one, 4)), set(grams(other, 4))
        shared = len(mine & theirs)
        shorter = min(one, other, key=len)
        if len(shorter) - shorter.count(" ") >= self.least_letters_contained:
            return shared / min(len(mine), len(theirs))
        return shared / (len(mine) + len(theirs) - shared)

    def _openings(self, turns: list[list[str]]) -> Verdict | None:
        starts = [" ".join(words[:4]) for words in turns if len(words) > 4]
        if len(starts) - len(set(starts)) < self.most_same_openings:
            return None
        opening, times = Counter(starts).most_common(1)[0]
        if times <= self.most_same_openings:
            return None
        return Verdict("repetition", "same_openings", f"{times} times: {opening}", times)


def _loop_share(text: str) -> float:
    """The share of a turn's character 8-grams that repeat an earlier one of the turn."""
    runs = grams(text, 8)
    return 1.0 - len(set(runs)) / len(runs)
