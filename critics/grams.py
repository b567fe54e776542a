"""Character n-grams: how critics compare texts in every script alike."""

import regex

_NO_WORD = regex.compile(r"[^\p{L}\p{N}]+")


def grams(text: str, length: int) -> list[str]:
    """All runs of ``length`` characters; the text itself where it is shorter."""
    if len(text) <= length:
        return [text]
    return [text[at : at + length] for at in range(len(text) - length + 1)]


def squeezed(text: str) -> str:
    """Case-folded letters and digits with single blanks between words."""
    return _NO_WORD.sub(" ", text.casefold()).strip()
