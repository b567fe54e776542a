"""Character n-grams: how critics compare texts in every script alike."""

from functools import lru_cache
from unicodedata import category, normalize

# Critics that compare look at so many characters of a turn. The longest human turn has 167; one
# that runs on past this is rejected for its length, and must not hold up the others.
MOST_COMPARED = 4000


def grams(text: str, length: int, step: int = 1) -> list[str]:
    """Runs of ``length`` characters, every ``step`` characters; a shorter text as it is."""
    if len(text) <= length:
        return [text]
    return [text[at : at + length] for at in range(0, len(text) - length + 1, step)]


@lru_cache(maxsize=64)
def squeezed(text: str) -> str:
    """Case-folded letters, marks and digits with single blanks between words, in NFC.

    Wide and narrow forms become one, invisible characters go. Cached, because several critics ask
    for the same turns one after the other.
    """
    text = text[:MOST_COMPARED]
    if not text.isascii():
        text = normalize("NFC", text)
    return " ".join(text.translate(_FOLDED).split())


class _Folded(dict[int, str]):
    """For ``str.translate``: what becomes of a character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        kind = category(chr(code))
        if kind[0] in "LMN":
            self[code] = normalize("NFKC", chr(code)).casefold()
        else:
            self[code] = "" if kind == "Cf" else " "
        return self[code]


_FOLDED = _Folded()
