"""Scripts: which letters a language is written in, and how many of a text's letters are not."""

import re
from functools import lru_cache
from typing import Any

import regex

# Scripts in which one character says as much as a short word elsewhere.
DENSE = frozenset({"Hans", "Hant", "Jpan", "Kore"})
# ISO 15924 codes that stand for several Unicode scripts; every other code names one.
_COMPOSITE = {
    "Hans": ("Han", "Bopomofo"),
    "Hant": ("Han", "Bopomofo"),
    "Jpan": ("Han", "Hiragana", "Katakana"),
    "Kore": ("Hangul",),  # everyday Korean hardly uses Chinese characters any more
    "Zyyy": (),
}
# Scripts that prove a language (ISO 639), because it is the only large one written in them.
PROOF = {
    "Kore": "ko", "Thai": "th", "Grek": "el", "Geor": "ka", "Armn": "hy", "Taml": "ta",
    "Telu": "te", "Knda": "kn", "Mlym": "ml", "Gujr": "gu", "Guru": "pa", "Sinh": "si",
    "Khmr": "km", "Laoo": "lo", "Mymr": "my", "Tibt": "bo", "Thaa": "dv", "Orya": "or",
}  # fmt: skip
# Frequent characters that exist in only one of the two written forms of Chinese.
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

# Hiragana and Katakana without their marks; the property \p{Kana} would be many times slower.
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
def fast_class(pattern: Any) -> re.Pattern[str]:
    """A pattern for each character that the class ``pattern`` matches, and for all from U+10000 on.

    A plain class of the standard library looks up no properties, so it is ten times as fast.
    """
    plane = "".join(map(chr, range(0x10000)))
    found = (f"\\u{run.start():04x}-\\u{run.end() - 1:04x}" for run in pattern.finditer(plane))
    return re.compile(f"[{''.join(found)}\U00010000-\U0010ffff]")


def foreign_share(text: str, script: str) -> float | None:
    """The share of letters in ``text`` that ``script`` lacks, 0 to 1; None if it has no letters."""
    foreign = foreign_letters(script)
    # Most turns in Latin letters are ASCII, which is told at once.
    latin = script == "Latn" and text.isascii()
    suspects = "" if latin else "".join(fast_class(foreign).findall(text))
    if not suspects:
        return 0.0 if any(map(str.isalpha, text)) else None
    letters = count_letters(text)
    return sum(map(len, foreign.findall(suspects))) / letters if letters else None


def count_letters(text: str) -> int:
    """How many letters ``text`` has; ten times as fast as a pattern."""
    return sum(map(str.isalpha, text))


def kana_share(text: str) -> float:
    """The share of kana among the letters of ``text``, 0 where it has none."""
    kana = len(_KANA.findall(text))
    return kana / count_letters(text) if kana else 0.0


def without_kana(text: str) -> bool:
    """Whether ``text`` has no kana but four letters or more, as hardly any Japanese sentence."""
    return not _KANA.search(text) and count_letters(text) >= 4


def wrong_chinese(text: str, script: str) -> float:
    """The share of the other written form among the characters that exist in only one.

    ``script``: Hans or Hant.
    """
    right, wrong = _ONLY_SIMPLIFIED, _ONLY_TRADITIONAL
    if script != "Hans":
        right, wrong = wrong, right
    if wrong.isdisjoint(text):
        return 0.0
    mistaken = sum(map(wrong.__contains__, text))
    return mistaken / (mistaken + sum(map(right.__contains__, text)))
