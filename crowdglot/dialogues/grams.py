"""Character n-grams: how critics compare texts in every script alike."""

from collections.abc import Sequence
from functools import lru_cache

from crowdglot.dialogues.dialogue import Turn
from crowdglot.languages.folding import fold

# Critics compare so many characters of a turn. The longest human turn has 167; a turn above this is
# rejected for its length and must not take seconds.
MOST_COMPARED = 4000


def grams(text: str, length: int, step: int = 1) -> list[str]:
    """Runs of ``length`` characters that start every ``step``; a shorter text is its only one."""
    if len(text) <= length:
        return [text]
    return [text[at : at + length] for at in range(0, len(text) - length + 1, step)]


def squeezed(text: str) -> str:
    """The beginning of ``text`` that is compared, folded (see ``crowdglot.languages.folding``)."""
    return fold((text[:MOST_COMPARED],))[0]


def squeezed_turns(turns: Sequence[Turn]) -> tuple[str, ...]:
    """``squeezed`` of every turn; cached, because several critics need it one after the other."""
    return _squeezed(tuple([turn.text[:MOST_COMPARED] for turn in turns]))[0]


def squeezed_words(turns: Sequence[Turn]) -> frozenset[str]:
    """The different words of ``squeezed_turns``, as blanks separate them; cached with them."""
    return _squeezed(tuple([turn.text[:MOST_COMPARED] for turn in turns]))[1]


@lru_cache(maxsize=256)
def _squeezed(texts: tuple[str, ...]) -> tuple[tuple[str, ...], frozenset[str]]:
    folded = tuple(fold(texts))
    return folded, frozenset(" ".join(folded).split())
