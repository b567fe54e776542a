"""How much more frequent a word is in one language than in another, by the lists of wordfreq."""

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

_LATIN = "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ"
_LATIN_WORD = rf"[{_LATIN}]+(?:['’][{_LATIN}]+)*"
LATIN_WORD = re.compile(_LATIN_WORD)
# Words in Latin letters, and runs of letters of other scripts.
WORD = re.compile(rf"{_LATIN_WORD}|[^\W\d_{_LATIN}]+")


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


@lru_cache(maxsize=256)
def word_scores(target: Language, other: str) -> WordScores | None:
    """The scores of words of the language ``other`` (ISO 639) in a text asked for in ``target``.

    None where a list is missing, or both languages share one. A target in other than Latin letters
    needs no list, because its letters distinguish its words.
    """
    import wordfreq

    lists = wordfreq.available_languages("small")
    codes = (target.code, *target.detected_as)
    own = next((name for code in codes if (name := _LISTED_AS.get(code, code)) in lists), None)
    foreign = _LISTED_AS.get(other, other)
    if foreign not in lists or own == foreign:
        return None
    if own is None and target.script in ("Latn", "Zyyy"):
        return None
    known = wordfreq.get_frequency_dict(own, "small") if own else {}
    return WordScores(wordfreq.get_frequency_dict(foreign, "small"), known)
