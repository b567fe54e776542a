"""Whether a side of a debate lets slip what it knows of the other.

A side that is told the other's traits shall choose its arguments by them and never mention them.
This critic compares words: names, numbers, loans, and everything where the dialogue is in English.
What a turn means in another language, ``translated_leak`` compares.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import fsum

from wordfreq import zipf_frequency

from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.grams import squeezed, squeezed_turns
from crowdglot.scenarios.scenario import Scenario

# A word is a trait's own where it is rarer than this (per billion, log10: "coffee" has 5.1); the
# rarer, the more it counts: the one that makes the trait is mostly the rarest.
_MOST_FREQUENT, _FEWEST_LETTERS = 5.6, 4


@dataclass(frozen=True, slots=True)
class Leak:
    """Reason: "leaked_trait". The score is the largest share, by weight, of the own words of one of
    the other's facts that a turn says before the other does; None where there is no debate.

    Only a side that was told the other's traits can leak them; of others the score says how often
    chance looks alike.
    """

    most_share: float

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge each turn by the facts of those who did not speak it."""
        debate = dialogue.scenario.debate
        if debate is None:
            return Verdict("leak")
        worst, evidence = 0.0, ""
        for share, told in _leaks(dialogue):
            if share > worst:
                worst, evidence = share, told
        if debate.known and worst > self.most_share:
            return Verdict("leak", "leaked_trait", evidence, worst)
        return Verdict("leak", score=worst)


def _leaks(dialogue: Dialogue) -> Iterable[tuple[float, str]]:
    """The share of each fact's own words that a turn says, with the evidence."""
    scenario = dialogue.scenario
    people = list(zip(scenario.speakers, scenario.personas, strict=True))
    free = _stems(_common(scenario))
    before: dict[str, set[str]] = {speaker: set() for speaker in scenario.speakers}
    for number, (turn, text) in enumerate(
        zip(dialogue.turns, squeezed_turns(dialogue.turns), strict=True), start=1
    ):
        said = _stems(text)
        for speaker, persona in people:
            if speaker == turn.speaker:
                continue
            for fact in persona.facts:
                own = _own_words(fact)
                if secret := own.keys() - free - before[speaker]:
                    told = f"turn {number}, {turn.speaker} of {speaker}: {fact[:80]} | {text[:80]}"
                    # Not ``sum``, which depends on the order of a set, and that is random.
                    weight = fsum(own[word] for word in secret)
                    yield fsum(own[word] for word in secret & said) / weight, told
        before.setdefault(turn.speaker, set()).update(said)


def _common(scenario: Scenario) -> str:
    """What both may speak of: the proposition and the common ground."""
    ground = scenario.common_ground
    proposition = scenario.debate.proposition if scenario.debate else ""
    return squeezed(" ".join((proposition, ground.premise, ground.communal, ground.personal)))


def _stems(text: str) -> set[str]:
    """The beginnings of the words, so that "dog" and "dogs" are one."""
    return {_stem(word) for word in text.split()}


def _stem(word: str) -> str:
    return word if len(word) <= _FEWEST_LETTERS else word[: max(_FEWEST_LETTERS, len(word) - 2)]


@lru_cache(maxsize=4096)
def _own_words(fact: str) -> Mapping[str, float]:
    """The beginnings of the words of an English sentence that are its own, and their weights."""
    words = [word for word in squeezed(fact).split() if len(word) >= _FEWEST_LETTERS]
    common = {word: zipf_frequency(word, "en", wordlist="small") for word in words}
    return {_stem(word): 8 - much for word, much in common.items() if much < _MOST_FREQUENT}
