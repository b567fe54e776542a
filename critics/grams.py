"""Character n-grams: how critics compare texts in every script alike."""

from collections.abc import Sequence
from functools import lru_cache
from unicodedata import category, normalize

from dialogues.dialogue import Turn

# Critics that compare look at so many characters of a turn. The longest human turn has 167; one
# that runs on past this is rejected for its length, and must not hold up the others.
MOST_COMPARED = 4000
# Holds turns apart in one string; anywhere else this control character becomes a blank.
_SEAM = "\x1f"


def grams(text: str, length: int, step: int = 1) -> list[str]:
    """Runs of ``length`` characters, every ``step`` characters; a shorter text as it is."""
    if len(text) <= length:
        return [text]
    return [text[at : at + length] for at in range(0, len(text) - length + 1, step)]


def squeezed(text: str) -> str:
    """Case-folded letters, marks and digits with single blanks between words, in NFC.

    Wide and narrow forms become one, invisible characters go.
    """
    return _all_squeezed((text,))[0]


def squeezed_turns(turns: Sequence[Turn]) -> tuple[str, ...]:
    """``squeezed`` of every turn; remembered, because several critics ask one after the other."""
    return _all_squeezed(tuple([turn.text for turn in turns])) if turns else ()


@lru_cache(maxsize=8)
def _all_squeezed(texts: tuple[str, ...]) -> tuple[str, ...]:
    """In one pass over all, for most of the time goes into beginning one."""
    whole = _SEAM.join([text[:MOST_COMPARED].replace(_SEAM, " ") for text in texts])
    if not whole.isascii():
        whole = normalize("NFC", whole)
    return tuple([" ".join(text.split()) for text in whole.translate(_FOLDED).split(_SEAM)])


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
