"""The one form in which texts are compared: words of folded letters, marks and digits."""

from collections.abc import Sequence
from unicodedata import category, normalize

# Holds texts apart in one string; anywhere else this control character becomes a blank.
_SEAM = "\x1f"


def fold(texts: Sequence[str]) -> list[str]:
    """Case-folded letters, marks and digits with single blanks between words, in NFC.

    Wide and narrow forms become one, invisible characters go. All texts are folded in one pass,
    for most of the time goes into beginning one.
    """
    if not texts:
        return []
    whole = _SEAM.join([text.replace(_SEAM, " ") for text in texts])
    if not whole.isascii():
        whole = normalize("NFC", whole)
    return [" ".join(text.split()) for text in whole.translate(_FOLDED).split(_SEAM)]


class _Folded(dict[int, str]):
    """For ``str.translate``: what becomes of a character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        kind = category(chr(code))
        if kind[0] in "LMN":
            self[code] = normalize("NFKC", chr(code)).casefold()
        else:
            self[code] = "" if kind == "Cf" else " "
        return self[code]


_FOLDED = _Folded({ord(_SEAM): _SEAM})
