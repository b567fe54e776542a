"""Close relatives told apart by their words: Malay in an Indonesian dialogue, Danish in Norwegian.

The identifiers know languages by their letters and take relatives for one another; word lists do
not. Nobody can tell Croatian, Bosnian and Serbian apart here: they share one list.
"""

from functools import lru_cache

from crowdglot.languages.frequencies import WORD, WordScores, word_scores
from crowdglot.languages.language import Language

# A relative is named from so many words on, and from so high a mean score of them (log10). In 200
# Indonesian human dialogues of six turns the mean for Malay is at most 0.01; in Malay about 0.8.
_FEWEST_WORDS, _LEAST_MEAN = 12, 0.15
# Some eighty words are enough evidence.
_MOST_CHARACTERS = 400


def nearer_relative(text: str, target: Language) -> str | None:
    """The close relative (ISO 639) whose words ``text`` is in rather than the target's, if any.

    None for languages in other than Latin letters, and where there are no word lists.
    """
    if target.script != "Latn":
        return None
    known = _known_relatives(target)
    if not known:
        return None
    words = WORD.findall(text[:_MOST_CHARACTERS].lower().replace("’", "'"))
    if len(words) < _FEWEST_WORDS:
        return None
    means = [(sum(map(scores.__getitem__, words)) / len(words), code) for code, scores in known]
    mean, code = max(means)
    return code if mean >= _LEAST_MEAN else None


@lru_cache(maxsize=512)
def _known_relatives(target: Language) -> tuple[tuple[str, WordScores], ...]:
    rivals = [(code, word_scores(target, code)) for code in target.confusables]
    return tuple((code, scores) for code, scores in rivals if scores is not None)


def evidence(text: str, target: Language, other: str) -> float | None:
    """log10 of how much likelier the words of ``text`` are in ``other`` than in ``target``.

    It stays between -3 and 3, because words are not independent. None where there are no word
    lists, or the languages share one.
    """
    scores = word_scores(target, other) if target.script == "Latn" else None
    if scores is None:
        return None
    words = WORD.findall(text.lower().replace("’", "'"))
    return max(-3.0, min(3.0, sum(map(scores.__getitem__, words)) / 2))
