"""Whether a side of a debate says, in another language, what it knows of the other.

``leak`` compares words. Here clauses are compared with the other's facts by meaning. What the
other has said before is no secret, and what the proposition is about is nobody's trait.
"""

import re
from dataclasses import dataclass

from crowdglot.critics.meaning.space import letters, placed, placed_english
from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.languages.language import Language
from crowdglot.languages.scripts import DENSE

# A trait slips out in a clause: "you as a nurse, …".
_CLAUSE_END = re.compile(r"(?<=[.!?;,。！？；，、،؛؟।։])\s*")
_FEWEST, _FEWEST_DENSE = 10, 5  # letters of a clause that is looked at


@dataclass(frozen=True, slots=True)
class TranslatedLeak:
    """Reason: "leaked_trait".

    The score is the highest cosine of a clause and a fact of the other; None where there is no
    debate, or no model. A fact that the other said itself before, as near or nearer, is left out.
    """

    most_alike: float

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge each side's clauses against the other's facts."""
        scenario = dialogue.scenario
        if scenario.debate is None or scenario.language.code == "en":
            return Verdict("translated_leak")  # in English ``leak`` judges
        said = [
            (number, turn.speaker, part)
            for number, turn in enumerate(dialogue.turns, start=1)
            for part in _clauses(turn.text, scenario.language)
        ]
        facts = [
            (speaker, fact)
            for speaker, persona in zip(scenario.speakers, scenario.personas, strict=True)
            for fact in persona.facts
        ]
        own = placed([part for *_, part in said], scenario.language)
        told = placed_english([fact for _, fact in facts])
        if own is None or told is None:
            return Verdict("translated_leak")
        near = own @ told.T
        worst, evidence = 0.0, ""
        for column, (owner, fact) in enumerate(facts):
            known = 0.0
            for row, (number, speaker, part) in enumerate(said):
                score = float(near[row, column])
                if speaker == owner:
                    known = max(known, score)
                elif score > max(worst, known):
                    worst = score
                    evidence = f"turn {number}, {speaker} of {owner}: {fact[:80]} | {part[:80]}"
        if scenario.debate.known and worst > self.most_alike:
            return Verdict("translated_leak", "leaked_trait", evidence, worst)
        return Verdict("translated_leak", score=worst)


def _clauses(text: str, language: Language) -> list[str]:
    least = _FEWEST_DENSE if language.script in DENSE else _FEWEST
    return [part for part in _CLAUSE_END.split(text) if letters(part) >= least]
