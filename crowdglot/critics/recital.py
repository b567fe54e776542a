"""Recited personas: a turn that lists who one is instead of talking.

Two signs. Word for word: most words of a persona's sentence stand in order in a turn (in English
dialogues); people do that with one sentence, not with several. By form: several clauses in a row
begin in the first person, as the language pack lists such beginnings; the persona is English and
the turn is not, so their words may all differ.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue, Turn
from crowdglot.dialogues.grams import MOST_COMPARED, squeezed, squeezed_turns, squeezed_words
from crowdglot.personas.persona import Persona

# Commas count: a model that is told not to list facts often does it in one long sentence.
_CLAUSE_END = re.compile(r"[.!?;,。！？，、；،؛؟।…։።፧፣]+\s*")
_SEAM = "\0"  # no blank; it is deleted from the turns, because JSON may hold it
_FEWEST_WORDS = 4


@dataclass(frozen=True, slots=True)
class Recital:
    """Reasons: "recited_persona" (its words), "self_description" (its form)."""

    most_first_person_run: int
    most_facts_in_turn: int
    most_facts: int
    most_fact_overlap: float

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge the form of the turns, then the words of each persona in all of them.

        The score is the longest run of first-person clauses.
        """
        pack = dialogue.scenario.language.pack
        beginnings = pack.first_person if pack else ()
        longest, number = _first_person_run(dialogue.turns, beginnings)
        if longest > self.most_first_person_run:
            evidence = f"turn {number}: {dialogue.turns[number - 1].text[:150]}"
            return Verdict("recital", "self_description", evidence, longest)
        said = [f" {text} " for text in squeezed_turns(dialogue.turns)]
        words = squeezed_words(dialogue.turns)
        for persona in dialogue.personas:
            if verdict := self._recited(said, words, persona):
                return verdict
        return Verdict("recital", score=longest)

    def _recited(self, turns: list[str], words: frozenset[str], persona: Persona) -> Verdict | None:
        """The verdict where too many sentences of ``persona`` stand in one turn or in all."""
        # Most personas share no long word with the turns: a look at the words spares the search.
        runs, needed = _runs(persona.facts, self.most_fact_overlap)
        if needed.isdisjoint(words):
            return None
        facts = _spoken(runs, "\n".join(turns))
        if len(facts) > self.most_facts:
            return Verdict("recital", "recited_persona", f"{len(facts)} facts: {' '.join(facts)}")
        if len(facts) <= self.most_facts_in_turn:
            return None
        for number, turn in enumerate(turns, start=1):
            if len(facts := _spoken(runs, turn)) > self.most_facts_in_turn:
                evidence = f"turn {number}: {' '.join(facts)}"
                return Verdict("recital", "recited_persona", evidence)
        return None


def _spoken(runs: dict[str, list[str]], text: str) -> list[str]:
    """The facts of which a run of words stands in ``text``."""
    return [fact for fact, own in runs.items() if any(run in text for run in own)]


def _first_person_run(turns: Sequence[Turn], beginnings: tuple[str, ...]) -> tuple[int, int]:
    """(length, number of the turn from 1) of the longest run of clauses that begin so."""
    # All turns in one pass; a clause of its own separates them.
    texts = [turn.text[:MOST_COMPARED].replace(_SEAM, " ") for turn in turns]
    whole = f".{_SEAM}.".join(texts).casefold()
    run, number, longest = 0, 1, (0, 1)
    for clause in _CLAUSE_END.split(whole):
        if clause.startswith(beginnings):
            run += 1
            if run > longest[0]:
                longest = (run, number)
        elif clause:
            run = 0
            number += clause == _SEAM
    return longest


@lru_cache(maxsize=256)
def _runs(facts: tuple[str, ...], share: float) -> tuple[dict[str, list[str]], frozenset[str]]:
    """For each fact its runs of words, of ``share`` of its words, between blanks; and the longest
    word of every run."""
    runs: dict[str, list[str]] = {}
    longest: set[str] = set()
    for fact in facts:
        words = squeezed(fact).split()
        length = max(_FEWEST_WORDS, round(len(words) * share))
        cut = [words[at : at + length] for at in range(len(words) - length + 1)]
        runs[fact] = [f" {' '.join(run)} " for run in cut]
        longest.update(max(run, key=len) for run in cut)
    return runs, frozenset(longest)
