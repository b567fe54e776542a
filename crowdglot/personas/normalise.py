"""Repair of PersonaChat's text: detached punctuation and lower case become ordinary writing.

"hey there ! i 'm a nurse . . . you ?" becomes "Hey there! I'm a nurse... You?". The pronoun "I" and
the clitics are repaired in English alone; text in other languages gets its marks and first letters
repaired. Names stay in lower case, because nothing in such text shows which words are names.
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import islice

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

_OPENING = re.compile(r"[\"'“‘«(\[¿¡]*(?=[^\W\d_])")
_BREAK = re.compile(r"([.!?]) +[\"“‘«(¿¡]*(?=[^\W\d_])|[。！？](?=[^\W\d_])")
_WORD = re.compile(r"[^\W\d_]+(?:\.[^\W\d_]+)*")
_ABBREVIATIONS = frozenset({
    "mr", "mrs", "ms", "dr", "st", "prof", "jr", "sr", "vs", "etc", "approx", "dept", "inc",
    "ltd", "bros", "min", "max", "ca", "cf",
})  # fmt: skip
_LOWER_INITIALS = frozenset({"a.m.", "p.m.", "e.g.", "i.e."})

_FINAL_MARK = re.compile(r"[.!?…。！？।۔؟]['\"”’»)]*$|[:;=]-?[)(DPp]$")
_CHINESE_OR_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_DEVANAGARI = re.compile(r"[\u0900-\u097f]")

_ENGLISH_WORDS = frozenset({
    "a", "am", "and", "are", "do", "for", "have", "i", "i'm", "in", "is", "it", "like",
    "my", "of", "that", "the", "to", "you", "your",
})  # fmt: skip


def normalise(text: str, *, english: bool = True) -> str:
    """``text`` as one line of ordinary writing; applying it twice changes nothing more.

    Well-formed text comes back as it is: "3.5", "U.S.", "e.g." and ":)" are left alone.
    """
    text = " ".join(_decodable(text).split())
    text = _INITIALS_APART.sub(_join_initials, text)
    text = _THOUSANDS_APART.sub(r"\1,", text)
    text = _MARKS_APART.sub("", text)
    text = _BRACKETS_APART.sub("", text)
    if english:
        text = _CLITIC_APART.sub("", text)
        text = _APOSTROPHE_APART.sub(r"\1", text)
        text = _PRONOUN_CLIPPED.sub(r"I'\1", text)
        text = _PRONOUN.sub("I", text)
    return _capitalise(text)


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

    It matters for the pronoun: "i" is an article in Italian and "and" in several Slavic languages.
    """
    words = [word for text in islice(texts, 200) for word in text.lower().split()]
    return sum(word in _ENGLISH_WORDS for word in words) >= 0.12 * len(words)


def _decodable(text: str) -> str:
    """``text`` in NFC and without lone surrogates, which no UTF-8 file could hold."""
    if text.isascii():
        return text
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return unicodedata.normalize("NFC", text)


def _join_initials(match: re.Match[str]) -> str:
    """ "u . s ." becomes "U.S.", "p . m ." becomes "p.m."."""
    joined = match.group().replace(" ", "")
    return joined if joined.lower() in _LOWER_INITIALS else joined.upper()


def _capitalise(text: str) -> str:
    """Raise the first letter of every sentence, unless the word has a case of its own."""
    opening = _OPENING.match(text)
    starts = [opening.end()] if opening else []
    starts += [m.end() for m in _BREAK.finditer(text) if not _continues(text, m)]
    pieces, done = [], 0
    for start in starts:
        word = _WORD.match(text, start)
        if word is None or not word.group().islower() or "." in word.group():
            continue
        raised = text[start].upper()
        if len(raised) == 1:
            pieces += [text[done:start], raised]
            done = start + 1
    return "".join(pieces) + text[done:]


def _continues(text: str, match: re.Match[str]) -> bool:
    """Whether the full stop belongs to an abbreviation, an initial or an ellipsis."""
    if match.group(1) != ".":
        return False
    before = text[text.rfind(" ", 0, match.start()) + 1 : match.start()].lower().lstrip("\"'“‘(")
    initial = len(before) == 1 and before.isalpha() and before != "i"
    return initial or "." in before or before in _ABBREVIATIONS
