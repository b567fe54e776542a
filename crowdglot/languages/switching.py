"""Code-switching: spans of the source language's words inside a turn ("mon deux dogs").

A word's score is the logarithm of how much more frequent it is in the source language than in the
target, by the word lists of wordfreq. A span's score is the sum over its words, and the spans are
the runs of words whose sums rise highest. A loanword is frequent in both languages, so it scores
little; a name does not count. One word seldom proves anything: human dialogues hold "country" and
"fast food" too. Letters of a third script are found by ``scripts.foreign_letters``.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from math import inf

from crowdglot.languages.frequencies import LATIN_WORD, MOST, UNKNOWN, WORD, WordScores, word_scores
from crowdglot.languages.language import Language

# A span ends where the sum has fallen by this much from its peak.
_DROP = 2.0
# Sums of the same scores differ by up to this much, because they start at different words.
_ROUNDING = 1e-6
_MOST_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Span:
    """Foreign words: character offsets, the text between them, and its score.

    ``score``: log10 of the likelihood ratio source to target.
    """

    start: int
    end: int
    text: str
    score: float


def switched_spans(
    text: str, target: Language, least: float, source: str = "en", names: Collection[str] = ()
) -> tuple[Span, ...]:
    """The spans of one text, best first; as ``switched_words``."""
    return tuple(switched_words((text,), target, least, source, names))


def switched_words(
    turns: Sequence[str],
    target: Language,
    least: float,
    source: str = "en",
    names: Collection[str] = (),
) -> list[Span]:
    """The spans of words of ``source`` in each of ``turns``, best first within a turn.

    ``source``: the code of the language looked for. ``least``: the lowest score of a span.
    ``names``: words that are never held against a turn. A turn that is foreign throughout has no
    spans: the identification finds it.
    """
    scores = None if target.code == source else word_scores(target, source)
    if scores is None:
        return []
    texts = [turn[:_MOST_CHARACTERS] for turn in turns]
    if _highest_rise("\n".join(texts), scores) < least - _ROUNDING:
        return []
    exempt = frozenset(part.casefold() for name in names for part in name.split())
    found: list[Span] = []
    for text in texts:
        spans = (span for span in _runs(text, scores, exempt) if span.score >= least)
        found += sorted(spans, key=lambda span: -span.score)
    return found


def _highest_rise(text: str, scores: WordScores) -> float:
    """An upper bound of the score of any run of words in ``text``.

    It counts names too, and leaves out words in other than Latin letters, which only lower a sum.
    One fast pass over the words is enough for the usual dialogue, which has no spans.
    """
    words = " ".join(LATIN_WORD.findall(text)).lower().replace("’", "'")
    total = highest = 0.0
    for word in words.split():
        total += scores[word]
        if total <= 0.0:
            total = 0.0
        elif total > highest:
            highest = total
    return highest


def _runs(text: str, scores: WordScores, exempt: Collection[str]) -> Iterator[Span]:
    """The runs of words with the highest sums, left to right; a whole text is no run."""
    words = list(WORD.finditer(text))
    total, peak, first, last = 0.0, 0.0, 0, -1
    for at in range(len(words) + 1):
        score = -inf if at == len(words) else _score(words, at, scores, exempt)
        total += score
        if total <= 0.0 or peak - total >= _DROP:
            if last >= first and last - first + 1 < len(words):
                start, end = words[first].start(), words[last].end()
                yield Span(start, end, text[start:end], peak)
            total, peak, first, last = max(0.0, score), 0.0, at + (score <= 0.0), -1
        if total > peak:
            peak, last = total, at


def _score(
    words: Sequence[re.Match[str]], at: int, scores: WordScores, exempt: Collection[str]
) -> float:
    lower = words[at][0].lower().replace("’", "'")
    score = scores[lower]
    if score > 0.0 and (lower in exempt or _in_title(words, at)):
        return UNKNOWN
    # Letters that are not Latin belong to the target, or the critic of scripts finds them.
    return score if lower[0] < "ɐ" or "Ḁ" <= lower[0] <= "ỿ" else -MOST


def _in_title(words: Sequence[re.Match[str]], at: int) -> bool:
    """Whether a word has a capital inside a turn, or stands between two that have ("of the")."""
    if _is_capitalised(words, at):
        return True
    near = (range(at - 2, at), range(at + 1, at + 3))
    return all(any(_is_capitalised(words, other) for other in side) for side in near)


def _is_capitalised(words: Sequence[re.Match[str]], at: int) -> bool:
    # Every text begins with a capital, and "I" is always one, so neither shows a name.
    return 0 < at < len(words) and words[at][0][0].isupper() and len(words[at][0]) > 1
