"""Close relatives distinguished by their words, such as Malay in an Indonesian dialogue.

The identifiers know languages by their letters and take relatives for one another; word lists do
not. Nobody can tell Croatian, Bosnian and Serbian apart here: they share one list.
"""

from functools import lru_cache

from crowdglot.languages.frequencies import WORD, WordScores, plain, word_scores
from crowdglot.languages.language import Language

# A relative is named only where a text has so many words, and so high a mean score of them (log10).
# In 200 Indonesian human dialogues of six turns the mean for Malay is at most 0.01; in Malay 0.8.
_FEWEST_WORDS, _LEAST_MEAN = 12, 0.15
# About eighty words, which are enough evidence.
_MOST_CHARACTERS = 400


def nearer_relative(text: str, target: Language) -> str | None:
    """The close relative (ISO 639) whose words ``text`` is in rather than the target's, if any.

    None for languages in other than Latin letters, and where there are no word lists.
    """
    known = _known_relatives(target)
    words = WORD.findall(plain(text[:_MOST_CHARACTERS])) if known else ()
    if len(words) < _FEWEST_WORDS:
        return None
    means = [(sum(map(scores.__getitem__, words)) / len(words), code) for code, scores in known]
    mean, code = max(means)
    return code if mean >= _LEAST_MEAN else None


@lru_cache(maxsize=512)
def _known_relatives(target: Language) -> tuple[tuple[str, WordScores], ...]:
    codes = target.confusables if target.script == "Latn" else ()
    rivals = [(code, word_scores(target, code)) for code in codes]
    return tuple((code, scores) for code, scores in rivals if scores is not None)


def evidence(text: str, target: Language, other: str) -> float | None:
    """log10 of how much likelier the words of ``text`` are in ``other`` than in ``target``.

    It stays between -3 and 3, because words are not independent. None where there are no word
    lists, or the languages share one.
    """
    scores = word_scores(target, other) if target.script == "Latn" else None
    if scores is None:
        return None
    words = WORD.findall(plain(text))
    return max(-3.0, min(3.0, sum(map(scores.__getitem__, words)) / 2))
