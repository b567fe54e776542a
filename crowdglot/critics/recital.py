"""Recited personas: a turn that lists who one is instead of talking.

Two signs. Word for word: persona sentences of which most words stand in order in a turn (English
talk, and languages near to it); people do that with one sentence, not with several. By form: a run
of clauses that all begin in the first person, as the language pack lists such beginnings; the
persona is English and the turn is not, so no word of it need be the same.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from crowdglot.critics.grams import MOST_COMPARED, squeezed, squeezed_turns
from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue, Turn
from crowdglot.personas.persona import Persona

# Commas count: a model that is told not to list facts likes to do it in one long sentence.
_CLAUSE_END = re.compile(r"[.!?;,。！？，、；،؛؟।…։።፧፣]+\s*")
_SEAM = "\0"  # no blank, and taken out of the turns, where JSON may have brought it
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
        words = frozenset("".join(said).split())
        for persona in dialogue.scenario.personas:
            if verdict := self._recited(said, words, persona):
                return verdict
        return Verdict("recital", score=longest)

    def _recited(self, turns: list[str], words: frozenset[str], persona: Persona) -> Verdict | None:
        """The verdict where too many sentences of ``persona`` stand in one turn or in all."""
        # Most runs have a word that nobody says: a look at the words spares the search.
        known, needed = _runs(persona.facts, self.most_fact_overlap)
        if needed.isdisjoint(words):
            return None
        runs = tuple(
            (fact, near)
            for fact, own in known
            if (near := tuple(run for run, longest in own if longest in words))
        )
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


def _spoken(runs: tuple[tuple[str, tuple[str, ...]], ...], text: str) -> list[str]:
    """The facts of which a run of words stands in ``text``."""
    return [fact for fact, own in runs if any(run in text for run in own)]


def _first_person_run(turns: Sequence[Turn], beginnings: tuple[str, ...]) -> tuple[int, int]:
    """The longest run of clauses in one turn that begin with one of ``beginnings``, and the turn's
    number from 1."""
    # All turns in one pass, between them a clause of its own.
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
def _runs(
    facts: tuple[str, ...], share: float
) -> tuple[tuple[tuple[str, tuple[tuple[str, str], ...]], ...], frozenset[str]]:
    """For each fact its runs of words, of at least ``share`` of its length, between blanks; with
    each run its longest word. Then all these longest words."""
    runs = []
    for fact in facts:
        words = squeezed(fact).split()
        length = max(_FEWEST_WORDS, round(len(words) * share))
        starts = range(len(words) - length + 1)
        cut = [words[at : at + length] for at in starts]
        runs.append((fact, tuple((f" {' '.join(run)} ", max(run, key=len)) for run in cut)))
    return tuple(runs), frozenset(longest for _, own in runs for _, longest in own)
