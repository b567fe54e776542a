"""Dialogues as tokens, without what only tells how a corpus was typed.

PersonaChat's files are in lower case with blanks before full stops, and quotes are straight or
curly as an editor had them. So case, blanks, widths and shapes of quotes are no features.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize

from crowdglot.datasets.metrics.measuring.tokenisation import is_word, tokenise
from crowdglot.evidence.sources import Talk

# Stands where the inside of a turn was cut out; no phrase reaches over it.
GAP = "\0"
# No human dialogue has so many; a model that repeats itself without end must not fill the memory.
_MOST_TURNS, _MOST_CHARACTERS = 60, 2_000
_SAME = str.maketrans(
    {**dict.fromkeys("’‘ʼ`´", "'"), **dict.fromkeys("“”„«»", '"'), **dict.fromkeys("。।", ".")}
)

# Every token is asked about often: whether it is a word, and no mark.
said = lru_cache(maxsize=1 << 17)(is_word)


@dataclass(frozen=True, slots=True)
class Spoken:
    """The tokens of each turn, lower-cased; who says it; and ``pair``, as of a ``Talk``."""

    turns: tuple[tuple[str, ...], ...]
    speakers: tuple[str, ...]
    pair: tuple[str, ...]

    @property
    def length(self) -> int:
        """Tokens of all turns."""
        return sum(map(len, self.turns))


def read_spoken(talks: Sequence[Talk], tokeniser: str) -> list[Spoken]:
    """The tokens of dialogues; turns without any are left out."""
    return [_spoken(talk, tokeniser) for talk in talks]


def _spoken(talk: Talk, tokeniser: str) -> Spoken:
    turns = [
        (tuple(tokenise(plain(text), tokeniser)), speaker)
        for text, speaker in zip(talk.turns[:_MOST_TURNS], talk.speakers, strict=False)
    ]
    kept = [(tokens, speaker) for tokens, speaker in turns if tokens]
    return Spoken(tuple(one for one, _ in kept), tuple(who for _, who in kept), talk.pair)


def plain(text: str) -> str:
    """``text`` with one form of each width, quote and full stop."""
    return normalize("NFKC", text[:_MOST_CHARACTERS].replace(GAP, " ")).translate(_SAME)
