"""Repetition inside a dialogue: echo turns, loops within one turn, questions asked again, thoughts
that their turn says."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, combinations

from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.grams import grams, squeezed, squeezed_turns
from crowdglot.languages.scripts import DENSE

_SHORTEST_LOOP = 40  # characters
# A turn is no loop if more than this share of its words differ. Where a "word" is longer than any,
# as in scripts without blanks and in "hahahaha", pairs of characters stand for words.
_NEW_WORDS = 0.75
_LONG_WORD = 16  # characters
# Beside "?", by script; Greek asks with a semicolon.
_ASKING = {"Arab": "؟", "Armn": "՞", "Grek": ";", "Ethi": "፧"}


@dataclass(frozen=True, slots=True)
class Repetition:
    """Reasons: "echo_turn", "loop", "repeated_exchange", "same_openings", "repeated_thought".

    The score of a dialogue that passes is the highest share of common 4-grams of two turns; 0 where
    no two turns share half of their words, because such turns are not compared.
    """

    most_overlap: float
    least_letters: int
    least_letters_dense: int
    least_letters_contained: int
    most_loop_share: float
    most_same_openings: int
    least_question_alike: float
    least_question_alike_dense: float
    least_answer_alike: float
    least_answer_letters: int
    least_answer_letters_dense: int

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
        return (
            self._asked_again(dialogue, texts, dense, worst)
            or self._openings(split)
            or self._thought(dialogue, texts, least)
            or Verdict("repetition", score=worst)
        )

    def _asked_again(
        self, dialogue: Dialogue, texts: Sequence[str], dense: bool, worst: float
    ) -> Verdict | None:
        """A speaker asks again what was asked before, and gets the same answer.

        Both turns are short, so two pairs of turns must be alike, each in its pairs of characters.
        """
        turns, length = dialogue.turns, 3 if dense else 7
        sign = _ASKING.get(dialogue.scenario.language.script, "？")
        least = self.least_question_alike_dense if dense else self.least_question_alike
        fewest = self.least_answer_letters_dense if dense else self.least_answer_letters
        asked: dict[str, list[int]] = {}
        for at, turn in enumerate(turns[:-1]):
            if ("?" in turn.text or sign in turn.text) and len(texts[at + 1]) >= fewest:
                asked.setdefault(turn.speaker, []).append(at)
        for first, later in chain(*(combinations(own, 2) for own in asked.values())):
            if (
                _may_be_alike(texts[first + 1], texts[later + 1], length)
                and _alike(texts[first + 1], texts[later + 1], self.least_answer_alike)
                and _alike(texts[first], texts[later], least)
            ):
                said = f"turns {first + 1} and {later + 1}: {texts[first]:.80}"
                said += f" | {texts[later]:.80}"
                return Verdict("repetition", "repeated_exchange", said, worst)
        return None

    def _thought(self, dialogue: Dialogue, texts: Sequence[str], least: int) -> Verdict | None:
        """A thought that its turn says, in any letters the same, or as alike as an echo.

        The draft is rejected and written again. Without such thoughts a dataset would hold fewer
        than its recipe asks for, most of all where a model writes no others, and nobody would see
        why. A turn without a thought was asked for too, and passes.
        """
        for thought in dialogue.thoughts:
            text, said = squeezed(thought.text), texts[thought.turn - 1]
            alike = 1.0 if text and text == said else 0.0
            if not alike and min(len(one) - one.count(" ") for one in (text, said)) >= least:
                alike = self._likeness(text, said)
            if alike > self.most_overlap:
                evidence = f"turn {thought.turn}: {thought.text[:120]}"
                return Verdict("repetition", "repeated_thought", evidence, alike)
        return None

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


def _may_be_alike(one: str, other: str, length: int) -> bool:
    """Whether one of three places of the shorter text stands in the longer: a quick look."""
    short, long = (one, other) if len(one) < len(other) else (other, one)
    size = len(short)
    return 3 * size >= len(long) and (
        short[size // 4 : size // 4 + length] in long
        or short[size // 2 : size // 2 + length] in long
        or short[-length:] in long
    )


def _alike(one: str, other: str, least: float) -> bool:
    """Whether two texts share ``least`` of their pairs of characters (Dice)."""
    mine, theirs = (frozenset(grams(text.replace(" ", ""), 2)) for text in (one, other))
    return 2 * len(mine & theirs) >= least * (len(mine) + len(theirs))


def _loop_share(text: str) -> float:
    """The share of a turn's character 8-grams that repeat an earlier one of the turn."""
    runs = grams(text, 8)
    return 1.0 - len(set(runs)) / len(runs)
