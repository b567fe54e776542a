"""Letters and marks of a wrong script: "schwimmen 游泳", "Bonne idée。"."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import regex

from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.languages.scripts import DENSE, count_letters, fast_class, foreign_letters

_LATIN_WORD = regex.compile(r"\p{Latin}+")
_LATIN_NAME = regex.compile(r"\p{Latin}+(?:[ .'’&-]\p{Latin}+)?")
# In dense scripts a Latin word, or a name of two ("Taylor Swift"), weighs as two letters.
_LETTERS_OF_A_NAME = 2
# Wide forms of ASCII's marks, which Unicode gives to no script.
_WIDE_MARKS = r"\uFF01-\uFF0F\uFF1A-\uFF20\uFF3B-\uFF40\uFF5B-\uFF65"
_USING_WIDE_MARKS = frozenset({"Hans", "Hant", "Jpan", "Hani", "Bopo", "Yiii"})


@dataclass(frozen=True, slots=True)
class Script:
    """Reasons: "foreign_script", "foreign_punctuation". Shares are of one turn's letters."""

    most_foreign_share: float
    most_latin_share: float
    most_foreign_marks: int

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge each turn; Latin letters in another script have a limit of their own."""
        script = dialogue.scenario.language.script
        texts = [turn.text for turn in dialogue.turns]
        whole = "\n".join(texts)
        if script == "Latn" and whole.isascii():
            return Verdict("script", score=0.0)
        foreign = _foreign_marks(script)
        marks = foreign.findall(whole) if fast_class(foreign).search(whole) else []
        if len(marks) > self.most_foreign_marks:
            evidence = f"{len(marks)} of a foreign script: {' '.join(marks[:20])}"
            return Verdict("script", "foreign_punctuation", evidence, len(marks))
        if not fast_class(foreign_letters(script)).search(whole):
            return Verdict("script", score=0.0)
        return self._letters(texts, script)

    def _letters(self, texts: list[str], script: str) -> Verdict:
        pattern, worst = foreign_letters(script), 0.0
        for number, text in enumerate(texts, start=1):
            runs = pattern.findall(text)
            if not runs:
                continue
            letters = count_letters(text)
            words = _LATIN_WORD.findall(text) if script != "Latn" else []
            latin = sum(map(len, words))
            other = sum(map(len, runs)) - latin
            if script in DENSE:
                weight = _LETTERS_OF_A_NAME * len(_LATIN_NAME.findall(text))
                letters += weight - latin
                latin = weight
            worst = max(worst, (latin + other) / letters)
            if other > self.most_foreign_share * letters or latin > self.most_latin_share * letters:
                evidence = f"turn {number}: {' '.join(runs)[:120]}"
                return Verdict("script", "foreign_script", evidence, worst)
        return Verdict("script", score=worst)


@lru_cache(maxsize=256)
def _foreign_marks(script: str) -> Any:
    """A pattern for punctuation of other scripts, such as "。" or "؟" in French.

    Marks that Unicode gives to all scripts, or also to Latin, are foreign to none.
    """
    if script in _USING_WIDE_MARKS or script == "Zyyy":
        return regex.compile(r"(?!)")
    own = "Hang" if script == "Kore" else script
    return regex.compile(
        rf"[\p{{P}}--[\p{{scx=Common}}\p{{scx=Inherited}}\p{{scx=Latin}}\p{{scx={own}}}]]"
        rf"|[{_WIDE_MARKS}]",
        regex.V1,
    )
