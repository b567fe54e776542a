"""English words amid another language: "mit Buttered crumbs", "nobody知道".

``language`` finds turns and spans in English; here one common word is enough, if the target does
not know it and it is no name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.grams import MOST_COMPARED, squeezed_turns, squeezed_words
from crowdglot.languages.words.foreign_words import foreign_words, word_scores

_LATIN_WORD = re.compile("[a-z]{3,}")


@dataclass(frozen=True, slots=True)
class ForeignWords:
    """Reason: "foreign_word". The score is the highest of a word, in powers of ten, 0 without any.

    A name may count in the score of a dialogue that passes. None where it is unscored: in English,
    and where there are no word lists. In other than Latin letters less is enough, for there an
    English word stands out; so it is for a word of the situation, which the prompt tells in English
    ("carregar os boxes").
    """

    most_foreign: float
    most_foreign_other_script: float
    most_foreign_told: float

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge every word; the evidence names the worst."""
        scenario = dialogue.scenario
        scores = word_scores(scenario.language)
        if scores is None:
            return Verdict("foreign_words")
        latin = scenario.language.script == "Latn"
        words: Iterable[str] = squeezed_words(dialogue.turns)
        if not latin:
            words = _LATIN_WORD.findall(" ".join(squeezed_turns(dialogue.turns)))
        usual = self.most_foreign if latin else self.most_foreign_other_script
        told = frozenset(_LATIN_WORD.findall(scenario.common_ground.premise.lower()))

        def proves(word: str) -> bool:
            return scores[word] > (min(usual, self.most_foreign_told) if word in told else usual)

        known = scores.keys() & words
        if not any(map(proves, known)):
            return Verdict("foreign_words", score=max(map(scores.__getitem__, known), default=0.0))
        texts = [turn.text[:MOST_COMPARED] for turn in dialogue.turns]
        every = foreign_words(texts, scenario.language, scenario.names)
        found = sorted(every, key=lambda each: -each[2])
        worst = found[0][2] if found else 0.0
        proofs = [f"turn {number}: {word}" for number, word, _ in found if proves(word.lower())]
        if not proofs:
            return Verdict("foreign_words", score=worst)
        return Verdict(
            "foreign_words", "foreign_word", "; ".join([*dict.fromkeys(proofs)][:5]), worst
        )
