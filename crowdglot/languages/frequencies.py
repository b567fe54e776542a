"""How much more frequent a word is in one language than in another, by the lists of wordfreq.

So close relatives are distinguished, such as Malay in an Indonesian dialogue: identifiers know
languages by their letters and take relatives for one another. Nobody can tell Croatian, Bosnian and
Serbian apart here: they share one list.
"""

import re
from functools import lru_cache
from math import log10

from crowdglot.languages.language import Language

# log10 of the frequency assumed for a word that a list lacks: the small lists end at one in a
# million.
_UNLISTED = -6.5
# The score of a word that both lists lack: weak evidence for the target.
UNKNOWN = -0.3
# The highest score of one word.
MOST = 3.0
_MOST_REMEMBERED = 200_000
# Languages whose list has another code in wordfreq.
_LISTED_AS = {"no": "nb", "hr": "sh", "bs": "sh", "sr": "sh"}
# A relative is named only where a text has so many words, and so high a mean score of them (log10).
# In 200 Indonesian human dialogues of six turns the mean for Malay is at most 0.01; in Malay 0.8.
_FEWEST_WORDS, _LEAST_MEAN = 12, 0.15
# About eighty words, which are enough evidence.
_MOST_CHARACTERS = 400

LATIN = "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ"
_LATIN_WORD = rf"[{LATIN}]+(?:['’][{LATIN}]+)*"
LATIN_WORD = re.compile(_LATIN_WORD)
# Words in Latin letters, and runs of letters of other scripts.
WORD = re.compile(rf"{_LATIN_WORD}|[^\W\d_{LATIN}]+")


class WordScores(dict[str, float]):
    """Lower-case word to log10 of its frequency there over here, computed at its first use."""

    def __init__(self, there: dict[str, float], here: dict[str, float]) -> None:
        super().__init__()
        self._there, self._here = there, here

    def __missing__(self, word: str) -> float:
        there, here = self._there.get(word), self._here.get(word)
        if there or here:
            ratio = (log10(there) if there else _UNLISTED) - (log10(here) if here else _UNLISTED)
            score = max(-MOST, min(MOST, ratio))
        elif "'" in word:  # an elision such as "l'ami"
            score = sum(self[part] for part in word.split("'"))
        else:
            score = UNKNOWN
        if len(self) < _MOST_REMEMBERED:
            self[word] = score
        return score


def plain(text: str) -> str:
    """``text`` as the lists write it: in lower case, with straight apostrophes."""
    return text.lower().replace("’", "'")


def listed_as(target: Language) -> str | None:
    """The name of the target's word list in wordfreq, None where there is none."""
    import wordfreq

    lists = wordfreq.available_languages("small")
    codes = (target.code, *target.detected_as)
    return next((name for code in codes if (name := _LISTED_AS.get(code, code)) in lists), None)


@lru_cache(maxsize=256)
def word_scores(target: Language, other: str) -> WordScores | None:
    """The scores of words of the language ``other`` (ISO 639) in a text asked for in ``target``.

    None where a list is missing, or both languages share one. A target in other than Latin letters
    needs no list, because its letters distinguish its words.
    """
    import wordfreq

    own, foreign = listed_as(target), _LISTED_AS.get(other, other)
    if foreign not in wordfreq.available_languages("small") or own == foreign:
        return None
    if own is None and target.script in ("Latn", "Zyyy"):
        return None
    known = wordfreq.get_frequency_dict(own, "small") if own else {}
    return WordScores(wordfreq.get_frequency_dict(foreign, "small"), known)


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
