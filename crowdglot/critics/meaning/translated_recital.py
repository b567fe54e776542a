"""Personas recited in translation: sentences that mean what lines of the speaker's persona mean.

People who talk from a persona say a line of it now and then, often nearly word for word; who
recites says several, or two in one turn. So lines are counted, sentence by sentence.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crowdglot.critics.meaning.space import letters, placed, placed_english
from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.languages.language import Language
from crowdglot.languages.scripts import DENSE
from crowdglot.personas.persona import Persona

_SENTENCE_END = re.compile(r"(?<=[.!?;。！？；؟।։።])\s*")
_FEWEST, _FEWEST_DENSE = 10, 5  # letters of a sentence that is looked at


@dataclass(frozen=True, slots=True)
class TranslatedRecital:
    """Reason: "translated_persona".

    The score is the highest number of lines of one persona that were said by one speaker; None
    where it is unscored: there is no model at hand, or no persona is told.
    """

    least_alike: float
    most_lines_in_turn: int
    most_lines: int

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge each speaker's turns against the own persona."""
        scenario, most = dialogue.scenario, 0
        if scenario.language.code == "en":
            return Verdict("translated_recital")  # nothing is translated: ``recital`` judges
        if not any(persona.facts for persona in dialogue.personas):
            return Verdict("translated_recital")
        for speaker, persona in zip(scenario.speakers, dialogue.personas, strict=False):
            turns = [(number, turn.text) for number, turn in enumerate(dialogue.turns, start=1)
                     if turn.speaker == speaker]  # fmt: skip
            lines = self._lines(turns, scenario.language, persona)
            if lines is None:
                return Verdict("translated_recital")
            for number, found in lines.items():
                if len(found) > self.most_lines_in_turn:
                    told = f"turn {number}: {' '.join(sorted(found))}"
                    return Verdict("translated_recital", "translated_persona", told, len(found))
            said = set().union(*lines.values())
            most = max(most, len(said))
            if len(said) > self.most_lines:
                told = f"{speaker}, {len(said)} lines: {' '.join(sorted(said))}"
                return Verdict("translated_recital", "translated_persona", told, len(said))
        return Verdict("translated_recital", score=most)

    def _lines(
        self, turns: Sequence[tuple[int, str]], language: Language, persona: Persona
    ) -> dict[int, set[str]] | None:
        """By turn the persona's lines that it says; None where no model is at hand.

        A sentence says one line at most, and a line is said by the sentence nearest to it.
        """
        parts = [(number, part) for number, text in turns for part in _sentences(text, language)]
        if not parts or not persona.facts:
            return {}
        said = placed([part for _, part in parts], language)
        told = placed_english(persona.facts)
        if said is None or told is None:
            return None
        near = said @ told.T
        lines: dict[int, set[str]] = {}
        for fact, text in enumerate(persona.facts):
            sentence = int(near[:, fact].argmax())
            if near[sentence, fact] > self.least_alike and near[sentence].argmax() == fact:
                lines.setdefault(parts[sentence][0], set()).add(text)
        return lines


def _sentences(text: str, language: Language) -> list[str]:
    least = _FEWEST_DENSE if language.script in DENSE else _FEWEST
    return [part for part in _SENTENCE_END.split(text) if letters(part) >= least]
