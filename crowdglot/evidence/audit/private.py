"""Personal data in what is said: telephone numbers, addresses, e-mail, handles, cards, accounts.

Digits of every script are read as what they are. What only looks like a number of somebody's, such
as a year, a price, a score or an ISBN, is told by its shape; cards and accounts by their checksums.
"""

import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from unicodedata import category, decimal

import regex

from crowdglot.languages.language import resolve_language
from crowdglot.strict_toml import read_toml

FILE = Path(__file__).parent / "private.toml"

_BLANKS = "\u00a0\u1680\u202f\u205f\u3000\u200b\u200e\u200f\u2060\t" + "".join(
    map(chr, (*range(0x2000, 0x200B), *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
)
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d\u30fc"
# One character for one, so that what is found is cut out of the text as it was said.
_PLAIN = (
    {code: str(decimal(chr(code))) for code in range(sys.maxunicode) if category(chr(code)) == "Nd"}
    | {ord(digit): str(at) for at, digit in enumerate("〇一二三四五六七八九")}
    | dict.fromkeys(map(ord, _BLANKS), " ")
    | dict.fromkeys(map(ord, _DASHES), "-")
    | str.maketrans("零＠．＋（）／：，", "0@.+()/:,")
)

_EMAIL = regex.compile(r"[\w.%+-]+@(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}")
_HANDLE = regex.compile(
    r"(?<![A-Za-z0-9._%+/@-])@(?:[A-Za-z_][\w.]*[A-Za-z][\w.]*\w|\p{L}[\p{L}\p{M}\p{N}_]{2,29})"
    r"|\b(?:instagram\.com|t\.me|twitter\.com|x\.com|tiktok\.com|facebook\.com|wa\.me)/[@\w.]{3,}"
)
_IBAN = regex.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}")
_DAY, _YEARS = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:(?:1[5-9]|20)\d\d)"
_DATE = regex.compile(
    rf"(?<![\d./-])(?:{_YEARS}([./-]){_DAY}\1{_DAY}|{_DAY}([./-]){_DAY}\2(?:{_YEARS}|\d\d))(?![./-]?\d)"
)
# A run of digits, in groups; not part of a word, a version, an amount or a time of day.
_RUN = regex.compile(r"(?<![A-Za-z0-9_#@]|\d[.,:])\+?\(?\d(?:[ ()./-]{0,3}\d)+\)?(?![\d_]|[.,:]\d)")
_MONEY = r"[$€£¥₹₽₩₺฿₫₴₪₦₵%]|元|円|块|塊|원|بات|บาท"
_WORTH = regex.compile(
    rf"\s?(?:{_MONEY}|(?:eur|usd|gbp|chf|kr|zł|kč|ft|lei|rs|rp|руб|грн|dong|đồng|million|km|kg|m²)\b)",
    regex.IGNORECASE,
)
_BEFORE = regex.compile(
    rf"(?:{_MONEY}|\b(?:rs\.?|rp\.?|eur|usd|isbn|issn|ean)(?:-1[03])?:?)\s*\Z", regex.I
)
_SHAPES = frozenset(
    "3-3-4 3-4-4 2-4-4 4-3-3 5-5 2-5-4 4-3-4 5-3-3 3-3-2-2 3-2-2-3 4-2-2-2 1-3-3-4 1-3-3-2-2 5-6"
    .split()
)  # fmt: skip
_DIGIT = regex.compile(r"\d")
_GROUP = regex.compile(r"[+(]*\d+\)?")
_MOST_GROUPS = 7  # of a number of somebody's
_YEAR = regex.compile(_YEARS)


@lru_cache(maxsize=1)
def _locales() -> dict[str, dict[str, list[str]]]:
    return read_toml(FILE)


def private_data(text: str, tag: str) -> Iterator[tuple[str, str]]:
    """(kind, what was said) of each datum in a turn; ``tag``: of its language.

    Kinds: "email", "handle", "iban", "card", "phone", "address".
    """
    plain = text if text.isascii() else text.translate(_PLAIN)
    if "@" in plain or "/" in plain:
        for kind, pattern in (("email", _EMAIL), ("handle", _HANDLE)):
            yield from ((kind, text[slice(*found.span())]) for found in pattern.finditer(plain))
    if not _DIGIT.search(plain):
        return
    numbered = plain
    for found in _IBAN.finditer(plain):
        if _is_account(found[0].replace(" ", "")):
            yield "iban", text[slice(*found.span())]
        numbered = _without(numbered, found.span())  # also one with a slip: it is no telephone's
    for found in filter(None, (one.search(plain) for one in _addresses(_pack(tag)))):
        yield "address", text[slice(*found.span())]
        numbered = _without(numbered, found.span())
    for kind, span in _numbers(numbered, tag):
        yield kind, text[slice(*span)]


def _without(text: str, span: tuple[int, int]) -> str:
    return text[: span[0]] + "_" * (span[1] - span[0]) + text[span[1] :]


@lru_cache(maxsize=512)
def _pack(tag: str) -> str:
    """The tag under which the files of this folder tell of a language."""
    language = resolve_language(tag)
    return language.pack.tag if language.pack else language.measured_as


@lru_cache(maxsize=64)
def _addresses(tag: str) -> tuple["regex.Pattern[str]", ...]:
    word = r"[\p{L}\p{M}'’.-]+"
    # In a script with capitals a name begins with one.
    name = rf"(?:\p{{Lu}}|(?=\p{{Lo}})){word}(?: {word}){{0,3}}?"
    # At the end it is no count of what follows: "la rue pendant 20 minutes".
    number = r"\d{1,4}[a-z]?(?![\d%:]|[.,]\d)"
    last = rf"{number}(?! \p{{Ll}}{{3,}})"
    told = (
        regex.sub(r"NUMBER\Z", lambda _: last, one).replace("NUMBER", number).replace("NAME", name)
        for one in _locales()["addresses"].get(tag, [])
    )
    return tuple(
        regex.compile(one if "p{Han}" in one else rf"(?<![\p{{L}}\d]){one}") for one in told
    )


def _numbers(plain: str, tag: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Cards and telephone numbers, each with its place."""
    plain = _DATE.sub(lambda found: "_" * len(found[0]), plain)
    for run in _RUN.finditer(plain):
        if sum(map(str.isdigit, run[0])) < 7 or _BEFORE.search(plain[: run.start()]):
            continue
        if _WORTH.match(plain, run.end()):
            continue
        yield from _in_run(run[0], run.start(), tag)


def _in_run(run: str, start: int, tag: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """The longest groups of a run that are a number of somebody's; the whole run first."""
    groups = [found.span() for found in _GROUP.finditer(run)]
    for size in range(min(len(groups), _MOST_GROUPS), 0, -1):
        for first in range(len(groups) - size + 1):
            begin, end = groups[first][0], groups[first + size - 1][1]
            if kind := _kind(run[begin:end], _pack(tag), whole=size == len(groups)):
                yield kind, (start + begin, start + end)
                return
        if size == len(groups) and (_is_amount(run) or _is_book(run)):
            return


def _kind(said: str, tag: str, *, whole: bool) -> str:
    """ "card", "phone" or ""."""
    digits = regex.sub(r"\D", "", said)
    groups = regex.findall(r"\d+", said)
    if len(set(digits)) == 1 or _is_amount(said) or all(map(_YEAR.fullmatch, groups)):
        return ""
    if 13 <= len(digits) <= 19 and digits[0] in "23456" and _luhn(digits) and len(groups[-1]) > 1:
        return "card"
    if not 7 <= len(digits) <= 15 or (len(groups) > 1 and len(groups[-1]) == 1):
        return ""
    abroad = said.lstrip("(").startswith("+") or (digits.startswith("00") and digits[2:3] != "0")
    if abroad:
        return "phone" if len(digits) >= 8 else ""
    if _is_book(said):
        return ""
    return "phone" if _national(digits, groups, said, tag, whole) else ""


def _national(digits: str, groups: list[str], said: str, tag: str, whole: bool) -> bool:
    if digits[0] == "0":
        return 9 <= len(digits) <= 12 and digits[1] != "0" and len(groups[0]) > 1
    if len(groups) == 1:
        compact = len(digits) in (10, 11) and not digits.endswith("000")
    else:
        shape = "-".join(str(len(group)) for group in groups)
        compact = whole and len(digits) in range(10, 13) and shape in _SHAPES
    joined = "-".join(groups)
    own = any(regex.fullmatch(one, joined) for one in _locales()["phones"].get(tag, ()))
    if len(digits) < 9:  # of the same town: not a part of something longer, nor "500-1000"
        own = own and whole and not digits.endswith("00") and (len(digits) > 7 or "-" in said)
    return compact or own


def _is_amount(said: str) -> bool:
    """Whether it is written as amounts are: groups of three, parted by one sign, or a fraction."""
    if regex.fullmatch(r"\d{1,3}\.\d{4,}", said):
        return True
    found = regex.fullmatch(r"[1-9]\d{0,2}(?:([ .'])\d{3})(?:\1\d{3})*", said)
    # Nine digits with blanks may be a number of Spain or Poland; thousands of millions are rarer.
    return found is not None and not (found[1] == " " and len(said) == 11)


def _is_book(said: str) -> bool:
    """Whether it is an ISBN by its beginning, or by its checksum."""
    digits = regex.sub(r"\D", "", said)
    if len(digits) == 13 and digits.startswith(("978", "979")):
        return True
    weighed = sum(int(digit) * (10 - at) for at, digit in enumerate(digits[:10]))
    return len(digits) == 10 and said.count("-") in (0, 3) and digits[0] in "0123" and (
        weighed % 11 == 0 and regex.fullmatch(r"\d{10}|\d+-\d+-\d+-\d", said) is not None
    )  # fmt: skip


def _luhn(digits: str) -> bool:
    doubled = [int(one) * (1 + at % 2) for at, one in enumerate(reversed(digits))]
    return sum(one - 9 * (one > 9) for one in doubled) % 10 == 0


def _is_account(said: str) -> bool:
    """Whether the rest of an IBAN by 97 is 1, over the longest beginning that is one."""
    for end in range(len(said), 14, -1):
        number = "".join(str(int(sign, 36)) for sign in said[4:end] + said[:4])
        if int(number) % 97 == 1:
            return True
    return False
