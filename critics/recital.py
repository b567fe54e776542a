"""Recited personas: a turn that lists who one is instead of talking.

Two signs. Word for word: most words of a persona sentence, in order, in one turn (English talk,
and languages near to it). By form: a run of sentences that all begin in the first person, as the
language pack lists such beginnings; the persona is English and the turn is not, so no word of it
need be the same.
"""

from dataclasses import dataclass

import regex

from critics.grams import squeezed
from critics.verdict import Verdict
from dialogues.dialogue import Dialogue

_SENTENCE_END = regex.compile(r"(?<=[.!?;。！？؟।…։።፧])\s*")


@dataclass(frozen=True, slots=True)
class Recital:
    """Reasons: "recited_persona" (its words), "self_description" (its form)."""

    most_first_person_run: int
    most_fact_overlap: float

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge each turn; the score is the longest run of first-person sentences."""
        pack = dialogue.scenario.language.pack
        beginnings = pack.first_person if pack else ()
        longest = 0
        facts = [
            (fact, squeezed(fact).split())
            for persona in dialogue.scenario.personas
            for fact in persona.facts
        ]
        for number, turn in enumerate(dialogue.turns, start=1):
            run = _first_person_run(turn.text, beginnings)
            longest = max(longest, run)
            if run > self.most_first_person_run:
                evidence = f"turn {number}: {turn.text[:150]}"
                return Verdict("recital", "self_description", evidence, run)
            words = f" {squeezed(turn.text)} "
            for fact, fact_words in facts:
                if _recites(words, fact_words, self.most_fact_overlap):
                    return Verdict("recital", "recited_persona", f"turn {number}: {fact[:150]}")
        return Verdict("recital", score=longest)


def _first_person_run(text: str, beginnings: tuple[str, ...]) -> int:
    """The longest run of consecutive sentences that begin with one of ``beginnings``."""
    run = longest = 0
    for sentence in _SENTENCE_END.split(text.casefold()):
        if not sentence:
            continue
        run = run + 1 if sentence.startswith(beginnings) else 0
        longest = max(longest, run)
    return longest


def _recites(text: str, fact: list[str], share: float) -> bool:
    """Whether a run of the fact's words of at least ``share`` of its length stands in ``text``."""
    length = max(4, round(len(fact) * share))
    return any(
        f" {' '.join(fact[at : at + length])} " in text for at in range(len(fact) - length + 1)
    )
