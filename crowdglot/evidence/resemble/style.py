"""How a dialogue is spoken, as figures that need no model and mean the same in every language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import fmean, pstdev
from typing import Literal

import numpy as np
import wordfreq
from numpy.typing import NDArray

from crowdglot.evidence.resemble.tokens import GAP, Spoken, said
from crowdglot.languages.language import Language
from crowdglot.languages.words.frequencies import listed_as

Unit = Literal["turns", "tokens", "number"]
Numbers = NDArray[np.float64]
_QUESTION, _EXCLAMATION, _DOT = frozenset("?؟;՞፧⁇‽"), frozenset("!¡՜‼"), "."
_COMMA, _DASH = frozenset(",،、፣"), frozenset("-–—―")
_AROUND = frozenset('"()[]{}*_')
_FUNCTION_WORDS = 50
_WINDOW = 50  # words of which it is counted how many are different


@dataclass(frozen=True, slots=True)
class Feature:
    """What is measured of a dialogue, as a reader is told it.

    ``words`` and ``phrase``: such as "opens a turn with" and "well". ``unit``: a share of turns, a
    share of words, or a number. ``length``: whether it tells how long something is.
    """

    words: str
    unit: Unit
    length: bool = False
    phrase: str = ""


STYLE = (
    Feature("turns a dialogue", "number", length=True),
    Feature("words and marks a turn", "number", length=True),
    Feature("difference between the lengths of turns (deviation over mean)", "number", length=True),
    Feature("share of the talk of whoever says most", "tokens", length=True),
    Feature("goes on after a turn of the same speaker", "turns"),
    Feature("ends a turn with a question", "turns"),
    Feature("asks inside a turn", "turns"),
    Feature("answers a question with a question", "turns"),
    Feature("ends a turn with an exclamation mark", "turns"),
    Feature("ends a turn with a full stop", "turns"),
    Feature("ends a turn with three dots", "turns"),
    Feature("ends a turn without a mark", "turns"),
    Feature("commas among words and marks", "tokens"),
    Feature("dashes among words and marks", "tokens"),
    Feature("quotes and brackets among words and marks", "tokens"),
    Feature("digits in a turn", "turns"),
    Feature("emoji or another symbol in a turn", "turns"),
    Feature("opens a turn with one word and a comma", "turns"),
    Feature("opens a turn as an earlier one of the dialogue", "turns"),
    Feature("words that the turn before has", "tokens"),
    Feature(f"different words among the first {_WINDOW}", "tokens"),
    Feature("letters a word", "number"),
    Feature("frequent words of the language", "tokens"),
    Feature("words that no list of frequent words has", "tokens"),
)


@lru_cache(maxsize=64)
def _listed(language: Language) -> dict[str, float]:
    """The frequencies of the language's words; none where no list is known."""
    name = listed_as(language)
    return wordfreq.get_frequency_dict(name, "small") if name else {}


def function_words(language: Language, dialogues: Sequence[Spoken]) -> tuple[str, ...]:
    """The language's most frequent words that are tokens here; those of ``dialogues`` themselves
    where there is no list."""
    counts: dict[str, int] = {}
    for one in dialogues:
        for token in (token for turn in one.turns for token in turn if said(token)):
            counts[token] = counts.get(token, 0) + 1
    listed = _listed(language) or counts
    known = sorted(counts.keys() & listed.keys(), key=lambda word: (-listed[word], word))
    return tuple(known[:_FUNCTION_WORDS])


def style_features(words: Sequence[str]) -> tuple[Feature, ...]:
    """``STYLE``, and how often each of the function words is said."""
    return (*STYLE, *(Feature("share of words that are", "tokens", phrase=one) for one in words))


def measure_style(dialogues: Sequence[Spoken], words: Sequence[str], language: Language) -> Numbers:
    """One row a dialogue, one column for each of ``style_features(words)``."""
    listed, rows = _listed(language), []
    for one in dialogues:
        spoken = [token for turn in one.turns for token in turn if said(token)]
        values = [
            *_lengths(one),
            *_marks(one),
            *_openings(one),
            *_words(one, spoken, listed, words),
        ]
        counts = dict.fromkeys(words, 0)
        for token in spoken:
            if token in counts:
                counts[token] += 1
        rows.append([*values, *(count / max(1, len(spoken)) for count in counts.values())])
    return np.array(rows, np.float64).reshape(len(rows), len(STYLE) + len(words))


def _lengths(one: Spoken) -> Iterator[float]:
    sizes = [len(turn) for turn in one.turns] or [0]
    by_speaker: dict[str, int] = {}
    for who, size in zip(one.speakers, sizes, strict=False):
        by_speaker[who] = by_speaker.get(who, 0) + size
    yield float(len(one.turns))
    yield fmean(sizes)
    yield pstdev(sizes) / max(1.0, fmean(sizes))
    yield max(by_speaker.values(), default=0) / max(1, sum(sizes))
    yield _share([one == other for one, other in pairwise(one.speakers)])


def _marks(one: Spoken) -> Iterator[float]:
    ends = [_end(turn) for turn in one.turns]
    asks = [end in _QUESTION for end in ends]
    tokens = [token for turn in one.turns for token in turn if token != GAP]
    yield _share(asks)
    yield _share([not _QUESTION.isdisjoint(turn[:-1]) for turn in one.turns])
    yield _share([before and after for before, after in pairwise(asks)])
    yield _share([end in _EXCLAMATION for end in ends])
    yield _share([end == _DOT for end in ends])
    yield _share([end == "..." for end in ends])
    yield _share([said(end) for end in ends])
    for marks in (_COMMA, _DASH, _AROUND):
        yield _share([token in marks for token in tokens])
    yield _share([any(token[0].isdigit() for token in turn) for turn in one.turns])
    yield _share([any(_is_symbol(token) for token in turn) for turn in one.turns])


def _end(turn: tuple[str, ...]) -> str:
    """The mark that ends a turn, or its last word; "..." for several full stops."""
    rest = [token for token in turn if token not in _AROUND and token != GAP] or [turn[-1]]
    return "..." if rest[-2:] == [_DOT, _DOT] else rest[-1]


def _is_symbol(token: str) -> bool:
    return ord(token[0]) > 0x2100 and not said(token) and token[0] not in "、。・〜ー"


def _openings(one: Spoken) -> Iterator[float]:
    yield _share([len(turn) > 2 and said(turn[0]) and turn[1] in _COMMA for turn in one.turns])
    heads = [turn[:2] for turn in one.turns]
    yield _share([head in heads[:at] for at, head in enumerate(heads)][1:])


def _words(
    one: Spoken, spoken: Sequence[str], listed: dict[str, float], frequent: Sequence[str]
) -> Iterator[float]:
    common = frozenset(frequent)
    turns = [[token for token in turn if said(token) and token not in common]
             for turn in one.turns]  # fmt: skip
    again = [word in set(before) for before, after in pairwise(turns) for word in after]
    first = spoken[:_WINDOW]
    yield _share(again)
    yield len(set(first)) / max(1, len(first))
    yield fmean(map(len, spoken)) if spoken else 0.0
    yield _share([word in common for word in spoken])
    yield _share([word not in listed for word in spoken]) if listed else 0.0


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0
