"""Text that was encoded twice: UTF-8 that somebody read in another encoding, so that é is Ã©.

A character of two to four bytes becomes as many characters. Such a row is looked for in the four
encodings that this happens with most, and believed where it means a character that the language
could have. Human text has such rows too: a capital with an accent before a closing quote («CAFÈ»),
or "Ăştia" in Romanian, "Від" in Ukrainian. So what may be human counts only where three such rows
follow one another.
"""

import re
from functools import lru_cache

import regex

from crowdglot.languages.scripts import foreign_letters

_CODECS = ("cp1252", "mac_roman", "cp1250", "cp1251")
# Signs that follow a letter in human text.
_FOLLOWING = frozenset("”’»›…—–“‘\"'«‹•")
_SIGNS = frozenset("©®™°")  # and these, in brands and degrees, where the letter is Cyrillic
_ADJACENT = 3
# Letters of European languages and Vietnamese, punctuation, and pictures: meant in any language.
_ANYWHERE = (
    (0x00A0, 0x017F), (0x01A0, 0x01A1), (0x01AF, 0x01B0), (0x0218, 0x021B), (0x1E00, 0x1EFF),
    (0x2010, 0x2046), (0x20AC, 0x20AC), (0x2122, 0x2122), (0x2600, 0x27BF), (0x3000, 0x303F),
    (0xFE0F, 0xFE0F), (0xFEFF, 0xFEFF), (0xFF01, 0xFF65), (0xFFFD, 0xFFFD), (0x1F000, 0x1FAFF),
)  # fmt: skip
_TWO = re.compile(r"[^\x00-\x7f]{2}")  # no row is shorter
# What is left of a row whose last byte was lost or became a blank; of code page 437; of GBK.
_REMAINS = regex.compile(r"â€|\p{Ll}[ÃÂ](?!\p{Lu})|(?<!\p{L})Ã(?!\p{L})|[─-╿][^\s─-╿]|锟斤拷")


def _bytes_of(codec: str) -> dict[str, int]:
    """The bytes from 0x80 on, by the characters they are read as."""
    read = {chr(byte): byte for byte in range(0x80, 0x100)} if codec == "cp1252" else {}
    for byte in range(0x80, 0x100):
        if char := bytes([byte]).decode(codec, "ignore"):
            read[char] = byte
    return read


def _pattern(read: dict[str, int]) -> regex.Pattern[str]:
    def among(first: int, last: int) -> str:
        return f"[{regex.escape(''.join(c for c, b in read.items() if first <= b <= last))}]"

    rest = among(0x80, 0xBF)
    heads = ((0xC2, 0xDF, 1), (0xE0, 0xEF, 2), (0xF0, 0xF4, 3))
    return regex.compile("|".join(f"{among(low, high)}{rest}{{{n}}}" for low, high, n in heads))


_READ = {codec: _bytes_of(codec) for codec in _CODECS}
_ROWS = {codec: _pattern(read) for codec, read in _READ.items()}


def twice_encoded(text: str, script: str) -> dict[str, str]:
    """Rows of ``text`` that are one character encoded twice, each with what it means, or "".

    ``script`` (ISO 15924): of the language. Empty where there are none.
    """
    if text.isascii():
        return {}
    for codec in _CODECS if _TWO.search(text) else ():
        believed: dict[str, str] = {}
        run: dict[str, str] = {}
        end = -1
        for row in _ROWS[codec].finditer(text):
            meant = _meant(row[0], codec, script)
            run = (run if row.start() == end else {}) | ({row[0]: meant} if meant else {})
            end = row.end() if meant else -1
            if meant and (len(run) >= _ADJACENT or _certain(text, row, codec)):
                believed |= run
        if believed:
            return believed
    remains = _REMAINS.search(text)
    return {text[max(0, remains.start() - 1) : remains.end() + 1]: ""} if remains else {}


def _certain(text: str, row: regex.Match[str], codec: str) -> bool:
    """Whether nobody writes so: a sign after the letter that does not follow one, or a capital or
    sign within a word."""
    head, rest = row[0][0], row[0][1:]
    usual = _FOLLOWING | (_SIGNS if codec == "cp1251" else frozenset())
    if any(not (char in usual or (char.isalpha() and codec != "cp1252")) for char in rest):
        return True
    before, after = text[row.start() - 1 : row.start()], text[row.end() : row.end() + 1]
    between = not rest[-1].isalpha() and after.isalpha() and after.isascii()
    return head.isupper() and (before.islower() or between) and codec == "cp1252"


@lru_cache(maxsize=4096)
def _meant(row: str, codec: str, script: str) -> str:
    """The character that ``row`` means; "" where it is none that the language could have."""
    try:
        meant = bytes(_READ[codec][char] for char in row).decode()
    except UnicodeDecodeError:
        return ""
    if any(low <= ord(meant) <= high for low, high in _ANYWHERE):
        return meant
    # Rare Latin letters, such as those of phonetics, are what capitals before quotes look like.
    own = script not in ("Latn", "Zyyy") and not foreign_letters(script).search(meant)
    return meant if own and (meant.isalpha() or regex.match(r"\p{M}", meant)) else ""
