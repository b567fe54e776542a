"""The forms in which texts are kept and compared."""

from collections.abc import Sequence
from unicodedata import category, normalize

# Separates the texts in one string. Inside a text this control character becomes a blank.
_SEAM = "\x1f"


def composed(text: str) -> str:
    """``text`` in NFC; lone surrogates, which UTF-8 cannot hold, become U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return normalize("NFC", text)


def fold(texts: Sequence[str]) -> list[str]:
    """Case-folded letters, marks and digits with single blanks between words, in NFC.

    Wide and narrow forms become one form; invisible characters are dropped. One pass folds all
    texts, because most of the time goes into the start of a pass.
    """
    if not texts:
        return []
    whole = _SEAM.join([text.replace(_SEAM, " ") for text in texts])
    if not whole.isascii():
        whole = normalize("NFC", whole)
    return [" ".join(text.split()) for text in whole.translate(_FOLDED).split(_SEAM)]


class _Folded(dict[int, str]):
    """A table for ``str.translate`` that computes a character when it first meets it."""

    def __missing__(self, code: int) -> str:
        kind = category(chr(code))
        if kind[0] in "LMN":
            self[code] = normalize("NFKC", chr(code)).casefold()
        else:
            self[code] = "" if kind == "Cf" else " "
        return self[code]


_FOLDED = _Folded({ord(_SEAM): _SEAM})
