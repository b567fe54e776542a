"""Repair of PersonaChat's text: detached punctuation and lower case become ordinary writing.

"hey there ! i 'm a nurse . . . you ?" becomes "Hey there! I'm a nurse... You?". The pronoun "I" and
the clitics are repaired in English alone; text in other languages gets its marks and first letters
repaired. Names stay in lower case, because nothing in such text shows which words are names.
"""

import re
from collections.abc import Iterable
from itertools import islice

from crowdglot.languages.folding import composed

_MARKS_APART = re.compile(r"(?<=\S) +(?=[.,!?;:…]+(?: |$)|[。，！？、；：])")
_INITIALS_APART = re.compile(r"(?<!\S)(?:[A-Za-z] \. )+[A-Za-z] \.(?= |$)")
_THOUSANDS_APART = re.compile(r"(?<!\S)(\d{1,3}) , (?=\d{3}(?!\d))")
_CLITIC_APART = re.compile(r"(?<=\w) +(?=(?:n['’]t|['’](?:m|s|re|ve|ll|d))(?![\w-]))", re.I)
_APOSTROPHE_APART = re.compile(r"(?<=\w) (['’]) (?=(?:m|s|re|ve|ll|d|t)\b)", re.I)
_BRACKETS_APART = re.compile(r"(?<![:;=-][(\[])(?<=[(\[]) +|(?<![:;=-]) +(?=[)\]])")

_PRONOUN = re.compile(
    r"(?<![\w'’./-])i(?=$|[\s,!?;:…]|['’](?:m|ve|ll|d)\b|\.(?!\w))(?!\.[a-z])", re.ASCII
)
_PRONOUN_CLIPPED = re.compile(r"(?<![\w'’./-])[iI] (m|ve|ll)\b(?!['’])")

# What precedes the first word of a sentence, with the mark that ends the sentence before; the word.
_FIRST_WORD = re.compile(
    r"(\A[\"'“‘«(\[¿¡]*|([.!?]) +[\"“‘«(¿¡]*|[。！？])([^\W\d_]+(?:\.[^\W\d_]+)*)"
)
_ABBREVIATIONS = frozenset({
    "mr", "mrs", "ms", "dr", "st", "prof", "jr", "sr", "vs", "etc", "approx", "dept", "inc",
    "ltd", "bros", "min", "max", "ca", "cf",
})  # fmt: skip
_LOWER_INITIALS = frozenset({"a.m.", "p.m.", "e.g.", "i.e."})

_FINAL_MARK = re.compile(r"[.!?…。！？।۔؟]['\"”’»)]*$|[:;=]-?[)(DPp]$")
_CHINESE_OR_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_DEVANAGARI = re.compile(r"[\u0900-\u097f]")

ENGLISH_WORDS = frozenset({
    "a", "am", "and", "are", "do", "for", "have", "i", "i'm", "in", "is", "it", "like",
    "my", "of", "that", "the", "to", "you", "your",
})  # fmt: skip


def normalise(text: str, *, english: bool = True) -> str:
    """``text`` as one line of ordinary writing; applying it twice changes nothing more.

    Well-formed text comes back as it is: "3.5", "U.S.", "e.g." and ":)" are left alone.
    """
    text = " ".join(composed(text).split())
    text = _INITIALS_APART.sub(_join_initials, text)
    text = _THOUSANDS_APART.sub(r"\1,", text)
    text = _MARKS_APART.sub("", text)
    text = _BRACKETS_APART.sub("", text)
    if english:
        text = _CLITIC_APART.sub("", text)
        text = _APOSTROPHE_APART.sub(r"\1", text)
        text = _PRONOUN_CLIPPED.sub(r"I'\1", text)
        text = _PRONOUN.sub("I", text)
    return _FIRST_WORD.sub(_capitalise, text)


def normalise_fact(text: str, *, english: bool = True) -> str:
    """A persona's sentence: as ``normalise``, and ended by a full stop where nothing ends it."""
    text = normalise(text, english=english)
    if not text or _FINAL_MARK.search(text):
        return text
    text = text.rstrip(" ,;:，、；：-")
    if not text or _FINAL_MARK.search(text):
        return text
    last = text[-1]
    if _CHINESE_OR_JAPANESE.match(last):
        return text + "。"
    return text + ("।" if _DEVANAGARI.match(last) else ".")


def looks_english(texts: Iterable[str]) -> bool:
    """Whether the first 200 texts read like English, by the share of its commonest words.

    It matters for the pronoun: "i" means "the" in Italian and "and" in several Slavic languages.
    """
    words = [word for text in islice(texts, 200) for word in text.lower().split()]
    return sum(word in ENGLISH_WORDS for word in words) >= 0.12 * len(words)


def _join_initials(match: re.Match[str]) -> str:
    """Joins "u . s ." to "U.S." and "p . m ." to "p.m."."""
    joined = match.group().replace(" ", "")
    return joined if joined.lower() in _LOWER_INITIALS else joined.upper()


def _capitalise(match: re.Match[str]) -> str:
    """The first word of a sentence with an upper-case letter, but not one like "iPhone"."""
    before, mark, word = match.groups()
    raised = word[0].upper()
    if not word.islower() or "." in word or len(raised) > 1 or (mark == "." and _continues(match)):
        return match[0]
    return f"{before}{raised}{word[1:]}"


def _continues(match: re.Match[str]) -> bool:
    """Whether the full stop belongs to an abbreviation, an initial or an ellipsis."""
    at = match.start()
    before = match.string[match.string.rfind(" ", 0, at) + 1 : at].lower().lstrip("\"'“‘(")
    initial = len(before) == 1 and before.isalpha() and before != "i"
    return initial or "." in before or before in _ABBREVIATIONS
