"""Scripts: which letters a language is written in, and how many of a text's letters are not."""

import re
from functools import lru_cache
from typing import Any

import regex

# ISO 15924 codes that stand for several Unicode scripts; all others name one of their own.
_COMPOSITE = {
    "Hans": ("Han", "Bopomofo"),
    "Hant": ("Han", "Bopomofo"),
    "Jpan": ("Han", "Hiragana", "Katakana"),
    "Kore": ("Hangul",),  # Chinese characters have all but left everyday Korean
    "Zyyy": (),
}
# Scripts that prove a language, because it is the only large one written in them.
_PROOF = {
    "Kore": "ko", "Thai": "th", "Grek": "el", "Geor": "ka", "Armn": "hy", "Taml": "ta",
    "Telu": "te", "Knda": "kn", "Mlym": "ml", "Gujr": "gu", "Guru": "pa", "Sinh": "si",
    "Khmr": "km", "Laoo": "lo", "Mymr": "my", "Tibt": "bo", "Thaa": "dv", "Orya": "or",
}  # fmt: skip
# Frequent characters that exist in one of the two written forms of Chinese only.
_SIMPLIFIED = (
    "们这个说来会时为么没对过还开关门见现觉爱听话谁让给认识东车买卖钱饭吗欢乐学习书应该样从当"
    "进远边动问间题业务经济头发长张亲难点热爷妈种类实际电脑视频网络机场岁乎气节"
)
_TRADITIONAL = (
    "們這個說來會時為麼沒對過還開關門見現覺愛聽話誰讓給認識東車買賣錢飯嗎歡樂學習書應該樣從當"
    "進遠邊動問間題業務經濟頭髮長張親難點熱爺媽種類實際電腦視頻網絡機場歲乎氣節"
)
_ONLY_SIMPLIFIED = frozenset(_SIMPLIFIED) - frozenset(_TRADITIONAL)
_ONLY_TRADITIONAL = frozenset(_TRADITIONAL) - frozenset(_SIMPLIFIED)

LETTERS = regex.compile(r"\p{L}")
# Hiragana and Katakana without their marks. A plain class reads many times faster than a property.
_KANA = re.compile("[ぁ-ゖゝ-ゟァ-ヺヽ-ヿㇰ-ㇿｦ-ﾟ]")


@lru_cache(maxsize=256)
def foreign_letters(script: str) -> Any:
    """A pattern for runs of letters that ``script`` (ISO 15924) does not have."""
    names = _COMPOSITE.get(script, (script,))
    if not names:
        return regex.compile(r"(?!)")
    own = "".join(rf"\p{{Script={name}}}" for name in names)
    return regex.compile(rf"[\p{{L}}--[{own}\p{{Script=Common}}\p{{Script=Inherited}}]]+", regex.V1)


@lru_cache(maxsize=256)
def may_be_foreign(script: str) -> re.Pattern[str]:
    """A fast first look: a text in which it finds nothing has none of ``foreign_letters``."""
    return fast_class(foreign_letters(script))


def fast_class(pattern: Any) -> re.Pattern[str]:
    """One character that ``pattern``, a class of characters, matches, or any from U+10000 on.

    A plain class of the standard library looks up no properties, so it reads ten times as fast.
    """
    plane = "".join(map(chr, range(0x10000)))
    found = (f"\\u{run.start():04x}-\\u{run.end() - 1:04x}" for run in pattern.finditer(plane))
    return re.compile(f"[{''.join(found)}\U00010000-\U0010ffff]")


def foreign_share(text: str, script: str) -> float | None:
    """The share of letters in ``text`` that ``script`` lacks; None if it has no letters."""
    if not may_be_foreign(script).search(text):
        return 0.0 if any(map(str.isalpha, text)) else None
    letters = count_letters(text)
    if letters == 0:
        return None
    return len(text.translate(_foreign_only(script))) / letters


def count_letters(text: str) -> int:
    """How many letters ``text`` has. This is ten times as fast as a pattern."""
    return sum(map(str.isalpha, text))


class _ForeignOnly(dict[int, int | None]):
    """A table for ``str.translate`` that leaves only foreign letters; it grows as it is used."""

    def __init__(self, script: str) -> None:
        super().__init__()
        self._pattern = foreign_letters(script)

    def __missing__(self, code: int) -> int | None:
        self[code] = code if self._pattern.match(chr(code)) else None
        return self[code]


@lru_cache(maxsize=256)
def _foreign_only(script: str) -> _ForeignOnly:
    return _ForeignOnly(script)


def proves(script: str) -> str | None:
    """The language that this script proves; None where several large ones are written in it."""
    return _PROOF.get(script)


def kana_share(text: str) -> float:
    """The share of kana among the letters of ``text``, 0 where it has none."""
    kana = len(_KANA.findall(text))
    return kana / count_letters(text) if kana else 0.0


def without_kana(text: str) -> bool:
    """Whether ``text`` has four letters or more and no kana, as hardly a Japanese sentence has."""
    return not _KANA.search(text) and count_letters(text) >= 4


def wrong_chinese(text: str, script: str) -> float:
    """The share of the other written form among the characters that tell the two forms apart."""
    right, wrong = _ONLY_SIMPLIFIED, _ONLY_TRADITIONAL
    if script != "Hans":
        right, wrong = wrong, right
    if wrong.isdisjoint(text):
        return 0.0
    mistaken = sum(map(wrong.__contains__, text))
    return mistaken / (mistaken + sum(map(right.__contains__, text)))
