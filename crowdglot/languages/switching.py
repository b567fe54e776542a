"""Code-switching: spans of the source language's words inside a turn ("mon deux dogs").

A word's score is the logarithm of how much more frequent it is in the source language than in the
target, by the word lists of wordfreq. A span's score is the sum over its words, and the spans are
the runs of words whose sums rise highest. A loanword is frequent in both languages, so it scores
little; a name does not count. One word seldom proves anything: human dialogues hold "country" and
"fast food" too. Letters of a third script are found by ``scripts.foreign_letters``.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from math import inf

from crowdglot.languages.language import Language
from crowdglot.languages.words.frequencies import (
    LATIN_WORD,
    MOST,
    UNKNOWN,
    WORD,
    plain,
    word_scores,
)

# A span ends where the sum has fallen by this much from its peak.
_DROP = 2.0
# Sums of the same scores differ by up to this much, because they start at different words.
_ROUNDING = 1e-6
_MOST_CHARACTERS = 4_000


def switched_words(
    turns: Sequence[str], target: Language, least: float, names: Collection[str] = ()
) -> list[tuple[str, float]]:
    """The spans of English words in ``turns`` with their scores, best first within a turn.

    A score is the log10 of how much likelier the words are in English than in ``target``.
    ``least``: the lowest score of a span. ``names``: words that never count as English. A
    turn that is foreign throughout has no spans, because identification finds it.
    """
    scores = None if target.code == "en" else word_scores(target, "en")
    if scores is None:
        return []
    texts = [turn[:_MOST_CHARACTERS] for turn in turns]
    if _highest_rise("\n".join(texts), scores) < least - _ROUNDING:
        return []
    exempt = frozenset(part.casefold() for name in names for part in name.split())
    found: list[tuple[str, float]] = []
    for text in texts:
        spans = (span for span in _runs(text, scores, exempt) if span[1] >= least)
        found += sorted(spans, key=lambda span: -span[1])
    return found


def _highest_rise(text: str, scores: dict[str, float]) -> float:
    """An upper bound of any run's score, in one fast pass: enough where there are no spans."""
    # Names count here; words in other than Latin letters, which only lower a sum, do not.
    total = highest = 0.0
    for word in plain(" ".join(LATIN_WORD.findall(text))).split():
        total += scores[word]
        if total <= 0.0:
            total = 0.0
        elif total > highest:
            highest = total
    return highest


def _runs(
    text: str, scores: dict[str, float], exempt: Collection[str]
) -> Iterator[tuple[str, float]]:
    """The runs of words with the highest sums, left to right; a whole text is no run."""
    words = list(WORD.finditer(text))
    total, peak, first, last = 0.0, 0.0, 0, -1
    for at in range(len(words) + 1):
        score = -inf if at == len(words) else _score(words, at, scores, exempt)
        total += score
        if total <= 0.0 or peak - total >= _DROP:
            if last >= first and last - first + 1 < len(words):
                yield text[words[first].start() : words[last].end()], peak
            total, peak, first, last = max(0.0, score), 0.0, at + (score <= 0.0), -1
        if total > peak:
            peak, last = total, at


def _score(
    words: Sequence[re.Match[str]], at: int, scores: dict[str, float], exempt: Collection[str]
) -> float:
    lower = plain(words[at][0])
    score = scores[lower]
    if score > 0.0 and (lower in exempt or _in_title(words, at)):
        return UNKNOWN
    # Letters that are not Latin belong to the target, or the critic of scripts finds them.
    return score if lower[0] < "ɐ" or "Ḁ" <= lower[0] <= "ỿ" else -MOST


def _in_title(words: Sequence[re.Match[str]], at: int) -> bool:
    """Whether a word has a capital inside a turn, or stands between two that have ("of the")."""

    def capital(at: int) -> bool:
        # Every text begins with a capital, and "I" is always one, so neither shows a name.
        return 0 < at < len(words) and words[at][0][0].isupper() and len(words[at][0]) > 1

    sides = (range(at - 2, at), range(at + 1, at + 3))
    return capital(at) or all(any(map(capital, side)) for side in sides)
