"""Single English words amid another language ("Buttered crumbs"), by the large lists of wordfreq.

A word's score is, in powers of ten, how much more frequent it is in English than in the target. The
target's list is made of what people write, so it holds loanwords, names and titles too, and these
score little. A run of English words is proven by its sum (see ``switching``); one word alone must
be a common one, and must not look like a name.
"""

import gzip
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from statistics import median

from crowdglot.languages.language import Language
from crowdglot.languages.words.frequencies import LATIN, WORD, listed_as, plain
from crowdglot.languages.words.frequencies import word_scores as small_scores
from crowdglot.strict_toml import read_toml

# Frequencies are on the Zipf scale: log10 of a word's occurrences in a billion. Rarer English words
# are mostly names; the commonest stand in titles of songs and films in every language.
_RAREST, _COMMONEST = 3.3, 6.05
# So frequent a word is no name. A rarer one must also be inflected in English, as names are not:
# "crumb" and "crumbs", but "Boston" alone; a form may be rarer by the third figure.
_NO_NAME, _FORMS = 4.9, 1.5
# A word that the target's list holds so often belongs to the target, or stands in its titles.
_RIFE = 4.2
# The frequency assumed for a word that a list lacks; the small lists end at 3.
_UNLISTED, _UNLISTED_SMALL = 0.5, 2.5
# What an English word usually scores against a large list. A list that quotes more English, as the
# German one does, gives less for every word, so the difference of its median is made up for.
_USUAL = 2.0
_LEAST = 1.0  # a lower score proves nothing
# Not "er" and "y", in which names end.
_ENDINGS = ("s", "es", "ed", "d", "n", "ing", "ly", "est", "ful", "ment", "ness", "less")
_HISSING = ("s", "x", "z")  # "boxes", though "box" is short
_CAPITAL_NOUNS = ("de", "lb", "nds", "gsw")
_IN_TITLES = frozenset({"the", "of", "and", "in", "a", "to"})

_ENGLISH = Path(str(files("crowdglot.languages"))) / "english.toml"
_WORD = re.compile(f"[{LATIN}]+")
_QUOTED = re.compile(r"[«„“”\"「『《〈][^«»„“”\"「」『』《》〈〉\n]{1,80}[»“”\"」』》〉]")
_JOINED = frozenset("-‐‑–/@_.")  # "dog-sitting"; a stop that a letter follows
_SENTENCE_START = frozenset('.!?…:;¡¿"«„“‚‘(–—-\n')


def foreign_words(
    turns: Sequence[str], target: Language, names: Collection[str] = ()
) -> Iterator[tuple[int, str, float]]:
    """The number of the turn from 1, the word, and its score, for every English word.

    ``names``: words that never count. What is quoted, joined to another word or a part of a name
    does not count either, nor a turn that is mostly English, because identification finds it.
    """
    scores = word_scores(target) or {}
    exempt = frozenset(part.casefold() for name in names for part in name.split())
    for number, text in enumerate(turns, start=1):
        words = [] if _mostly_english(text, target) else list(_WORD.finditer(text))
        for at, word in enumerate(words):
            lower = word[0].lower()
            if lower not in scores or lower in exempt or _apart(text, word):
                continue
            if not (word[0][0].isupper() and _is_name(text, words, at, target)):
                yield number, word[0], scores[lower]


def _mostly_english(text: str, target: Language) -> bool:
    scores, words = small_scores(target, "en"), WORD.findall(plain(text))
    # Three in four: "i" and "come" are Italian too.
    return scores is not None and 4 * sum(scores[w] > 0.0 for w in words) > 3 * len(words) > 6


def _apart(text: str, word: re.Match[str]) -> bool:
    """Whether the word is quoted, or joined to another one."""
    before, after = text[: word.start()][-1:], text[word.end() :][:2]
    if before in _JOINED or (after[:1] in _JOINED and after[1:].isalpha()):
        return True
    return any(q.start() < word.start() < q.end() for q in _QUOTED.finditer(text))


def _is_name(text: str, words: Sequence[re.Match[str]], at: int, target: Language) -> bool:
    """Whether a word with a capital is written so because it is a name, or part of a title."""
    word = words[at]
    if target.script != "Latn" or (len(word[0]) > 1 and word[0].isupper()):
        return True
    following = words[at + 1][0] if at + 1 < len(words) else ""
    around = {plain(each[0]) for each in (*words[max(0, at - 1) : at], *words[at + 1 : at + 2])}
    if around & _IN_TITLES:
        return True
    if target.code in _CAPITAL_NOUNS:
        return False
    before = text[: word.start()].rstrip()
    return bool(before and before[-1] not in _SENTENCE_START) or following[:1].isupper()


@lru_cache(maxsize=256)
def word_scores(target: Language) -> Mapping[str, float] | None:
    """English words that prove something in ``target``, each with its score.

    None for English, and for a language in Latin letters that has no list, nor have its relatives.
    """
    import wordfreq

    if target.code == "en":
        return None
    english, own = _english(), _known(target)
    if own is None:
        return None
    large = listed_as(target) in wordfreq.available_languages("large")
    unlisted = _UNLISTED if large else _UNLISTED_SMALL
    ratios = {word: zipf - own.get(word, unlisted) for word, zipf in english.items()}
    usual = median(ratios[word] for word, zipf in english.items() if 4.0 <= zipf < 5.5)
    less = usual - _USUAL if large else 0.0
    return {
        word: ratio - less
        for word, ratio in ratios.items()
        if ratio - less >= _LEAST
        and own.get(word, 0.0) <= _RIFE
        # The plural of a word that the target has borrowed is borrowed with it.
        and (word[-1] != "s" or own.get(word[:-1], 0.0) < _RIFE)
    }


def _known(target: Language) -> dict[str, float] | None:
    """How often the target's list, or else those of its relatives, hold each English word.

    A language in other letters without a list is taken to know the Latin words that Russian knows.
    """
    import wordfreq

    codes = [code] if (code := listed_as(target)) else []
    if not codes:
        codes = [*target.confusables] if target.script == "Latn" else ["ru"]
    lists = wordfreq.available_languages("best")
    codes = [code for code in codes if code in lists and code != "en"]
    english = _english()
    known: dict[str, float] = {}
    for code in codes:
        for zipf, words in _buckets(code):
            for word in english.keys() & words:
                known[word] = max(zipf, known.get(word, 0.0))
    return known if codes else None


def _buckets(code: str) -> Iterator[tuple[float, list[str]]]:
    """The words of each frequency in the best list, one frequency at a time: all take 50 MB."""
    import msgpack
    import wordfreq

    with gzip.open(wordfreq.available_languages("best")[code]) as file:
        unpacker = msgpack.Unpacker(file, raw=False)
        size = unpacker.read_array_header()
        unpacker.skip()  # the name of the format
        for centibels in range(size - 1):
            yield 9.0 - centibels / 100, unpacker.unpack()


@lru_cache(maxsize=1)
def _english() -> dict[str, float]:
    """The common English words that can be told from names, with their frequencies."""
    special = {name: frozenset(words.split()) for name, words in read_toml(_ENGLISH).items()}
    every = {
        word: zipf
        for zipf, words in _buckets("en")
        if zipf >= _RAREST - _FORMS
        for word in words
        if word.isascii() and word.isalpha()
    }
    return {
        word: zipf
        for word, zipf in every.items()
        if _RAREST <= zipf < _COMMONEST
        and len(word) > 2
        and not set("aeiouy").isdisjoint(word)
        and word not in special["travelled"]
        and (
            zipf >= _NO_NAME
            or word in special["numbers"]
            or any(every.get(form, 0.0) >= zipf - _FORMS for form in _forms(word))
        )
    }


def _forms(word: str) -> Iterator[str]:
    """What ``word`` could be inflected to, or derived from."""
    yield from (word + ending for ending in ("s", "es", "ed", "d", "ing", "ly", "er", "est"))
    yield from (word + word[-1] + "ing", word + word[-1] + "ed")
    if word[-1] in "ey":
        yield from (word[:-1] + ending for ending in ("ing", "ies", "ied", "ily", "ier", "iest"))
    for ending in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and (len(stem) > 3 or (ending == "es" and stem[-1:] in _HISSING)):
            yield from (stem, stem + "e")
            if stem[-1] in ("i", stem[-2]):
                yield from (stem[:-1], stem[:-1] + "y")
