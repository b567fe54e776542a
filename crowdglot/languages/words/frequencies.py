"""How much more frequent a word is in one language than in another, by the lists of wordfreq.

So close relatives are distinguished, such as Malay in an Indonesian dialogue: identifiers know
languages by their letters and take relatives for one another. Nobody can tell Croatian, Bosnian and
Serbian apart here: they share one list.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from math import log10
from pathlib import Path

import regex

from crowdglot.languages.language import Language
from crowdglot.languages.scripts import DENSE
from crowdglot.languages.words.grams import GramScores, gram_scores
from crowdglot.strict_toml import read_toml

_DISTINCTIVE = Path(str(files("crowdglot.languages"))) / "distinctive.toml"

# log10 of the frequency assumed for a word that a list lacks: the small lists end at one in a
# million.
_UNLISTED = -6.5
# The score of a word that both lists lack: weak evidence for the target.
UNKNOWN = -0.3
# The highest score of one word.
MOST = 3.0
_MOST_REMEMBERED = 200_000
# Languages whose list has another code in wordfreq.
_LISTED_AS = {"no": "nb", "tl": "fil", "hr": "sh", "bs": "sh", "sr": "sh"}
# About eighty words, which are enough evidence.
_MOST_CHARACTERS = 400
_MOST_WORDS, _MOST_EVIDENCE = 20, 9.0
# What a word says that only one of two relatives has.
_DIFFERS = 0.5
# How much the scores of two lists count, and what a word says where only one language has a list:
# if it stands there, and if it does not. Chosen on 40 pairs of relatives.
_BY_BOTH_LISTS, _LISTED, _UNLISTED_ALONE = 1.5, 0.075, -0.3

# Relatives that are spelt alike: their letters tell what is spoken of, and cost own dialogues. So
# it is with Indonesian talk against any relative: fewer single turns of Malay were found.
_SPELT_ALIKE = ({"id", "ms"}, {"hr", "bs", "sr"})

LATIN = "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ"
_LATIN_WORD = rf"[{LATIN}]+(?:['’][{LATIN}]+)*"
LATIN_WORD = re.compile(_LATIN_WORD)
# Words in Latin letters, and runs of letters of other scripts.
WORD = re.compile(rf"{_LATIN_WORD}|[^\W\d_{LATIN}]+")
# In many scripts vowels are marks, which are no letters to the standard library.
_MARKED_WORD = regex.compile(r"\p{L}[\p{L}\p{M}]*")
_WITHOUT_BLANKS = frozenset({"Thai", "Laoo", "Khmr", "Mymr", "Tibt"})
# In other scripts the lists write words in ways that texts do not.
_ONE_LIST_IS_ENOUGH = frozenset({"Latn", "Cyrl", "Deva"})
# A word with a capital that begins no sentence.
_NAME = re.compile(r"(?<![.?!…:»”\"–-])(?<!^)\s[^\W\d_]*(?<=\s)[A-ZÀ-ÖØ-ÞĀ-ŽА-ЯЁЄІЇҐ][\w'’]*")


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
def listed_as(target: Language) -> str | None:
    """The name of the target's word list in wordfreq, None where there is none."""
    return _list_of((target.code, *target.detected_as))


def is_listed(code: str) -> bool:
    """Whether there is a word list of the language (ISO 639)."""
    return _list_of((code,)) is not None


def _list_of(codes: Sequence[str]) -> str | None:
    import wordfreq

    lists = wordfreq.available_languages("small")
    return next((name for code in codes if (name := _LISTED_AS.get(code, code)) in lists), None)


@lru_cache(maxsize=256)
def word_scores(target: Language, other: str) -> WordScores | None:
    """The scores of words of the language ``other`` (ISO 639) in a text asked for in ``target``.

    None where a list is missing, or both languages share one. A target in other than Latin letters
    needs no list, because its letters distinguish its words.
    """
    import wordfreq

    lists = wordfreq.available_languages("small")
    own = listed_as(target)
    foreign = _LISTED_AS.get(other, other)
    if foreign not in lists or own == foreign:
        return None
    if own is None and target.script in ("Latn", "Zyyy"):
        return None
    known = wordfreq.get_frequency_dict(own, "small") if own else {}
    return WordScores(wordfreq.get_frequency_dict(foreign, "small"), known)


class WordEvidence(dict[str, float]):
    """Lower-case word to what it says for the target against another language.

    Where only one of both has a list, what counts is whether the word stands in it. Words by which
    close relatives differ count besides, and so do the letters of each word.
    """

    def __init__(
        self,
        scores: dict[str, float],
        weight: float,
        differing: dict[str, float],
        letters: GramScores | None,
    ) -> None:
        super().__init__()
        self._scores, self._weight, self._differing = scores, weight, differing
        self._letters = letters

    def __missing__(self, word: str) -> float:
        score = self._weight * self._scores[word] + self._differing.get(word, 0.0)
        if self._letters is not None:
            score += self._letters.of(word)
        if len(self) < _MOST_REMEMBERED:
            self[word] = score
        return score

    def of(self, words: Sequence[str]) -> float:
        """log10 of how much likelier a text of these words, one or more, is in the target.

        Between -9 and 9. It grows with the words up to twenty: they are not independent.
        """
        total = sum(map(self.__getitem__, words))
        if len(words) > _MOST_WORDS:
            total *= _MOST_WORDS / len(words)
        if -_MOST_EVIDENCE < total < _MOST_EVIDENCE:
            return total
        return _MOST_EVIDENCE if total > 0.0 else -_MOST_EVIDENCE


def word_evidence(target: Language, other: str) -> WordEvidence | None:
    """None where nothing is known of the words of either."""
    scores, differing = _relative_scores(target, other), _differing(target, other)
    foreign = ("no", "nb") if other in ("no", "nb") else (other,)
    alike = any({label, other} <= group for label in target.detected_as for group in _SPELT_ALIKE)
    alike = alike or "id" in target.detected_as
    letters = None if alike else gram_scores(target.detected_as, foreign, target.script)
    if scores is None and not differing and letters is None:
        return None
    weight = -_BY_BOTH_LISTS if isinstance(scores, WordScores) else 1.0
    scores = defaultdict(float) if scores is None else scores
    return WordEvidence(scores, weight, differing, letters)


@lru_cache(maxsize=1)
def _distinctive() -> dict[str, frozenset[str]]:
    return {label: frozenset(words.split()) for label, words in read_toml(_DISTINCTIVE).items()}


def _differing(target: Language, other: str) -> dict[str, float]:
    """The words that only one of the two languages has, with what they say for the target."""
    every = _distinctive()
    own = next((every[label] for label in target.detected_as if label in every), frozenset())
    foreign = every.get("no" if other == "nb" else other, frozenset())
    if not own or not foreign:
        return {}
    return dict.fromkeys(own - foreign, _DIFFERS) | dict.fromkeys(foreign - own, -_DIFFERS)


def lower_words(text: str, target: Language) -> Sequence[str]:
    """The first words of ``text``, but for those with a capital inside a sentence: names."""
    text = text[:_MOST_CHARACTERS]
    if target.script not in ("Latn", "Cyrl"):
        return _MARKED_WORD.findall(text.lower())
    if "de" not in target.detected_as:
        text = _NAME.sub(" ", text)
    return WORD.findall(plain(text))


class _Listed(dict[str, float]):
    """The score of a word by one list alone: ``listed`` if it stands there, else ``unlisted``."""

    def __init__(self, words: dict[str, float], listed: float, unlisted: float) -> None:
        super().__init__()
        self._words, self._scores = words, (unlisted, listed)

    def __missing__(self, word: str) -> float:
        parts = word.split("'") if word not in self._words else [word]
        return self._scores[all(part in self._words for part in parts)]


def _relative_scores(target: Language, other: str) -> dict[str, float] | None:
    import wordfreq

    if target.script in DENSE or target.script in _WITHOUT_BLANKS:
        return None
    own, foreign = listed_as(target), _list_of((other,))
    # The list that Serbian shares with Croatian and Bosnian is in Latin letters.
    own = None if own == "sh" and target.script != "Latn" else own
    foreign = None if foreign == "sh" and target.script != "Latn" else foreign
    if own and foreign:
        return word_scores(target, other)
    if target.script not in _ONE_LIST_IS_ENOUGH:
        return None
    known = wordfreq.get_frequency_dict(own or foreign, "small") if own or foreign else {}
    if own:
        return _Listed(known, _LISTED, _UNLISTED_ALONE)
    return _Listed(known, -_LISTED, -_UNLISTED_ALONE) if foreign else None
