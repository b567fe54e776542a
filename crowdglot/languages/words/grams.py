"""What the letters of a word say for a language against a close relative.

A profile holds how often words, and runs of two and of four letters in words, stand in some
hundred sentences of a language. ``python -m benchmarks.verification --write`` learns the profiles,
of the sentences to choose on alone. So relatives are told apart that neither the second identifier
nor a word list knows, such as Upper and Lower Sorbian.
"""

import gzip
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from math import log10
from pathlib import Path

GRAMS = Path(str(files("crowdglot.languages.words"))) / "grams.gz"
_LENGTHS = (2, 4)
# A profile keeps what stands there twice or more, and of that the most frequent.
_FEWEST, _MOST = 2, 2_000
# A letter is counted in some six grams, and one word must not decide alone.
_WEIGHT, _MOST_OF_A_WORD = 0.4, 2.0
# How often what a profile lacks is taken to occur.
_UNSEEN = 0.5


def grams(word: str) -> Iterator[str]:
    """The lower-case ``word`` with its edges as "_", and the runs of letters in it."""
    edged = f"_{word}_"
    yield edged
    for length in _LENGTHS:
        for at in range(len(edged) - length + 1):
            yield edged[at : at + length]


def profile(words: Iterable[str]) -> dict[str, int]:
    """How often each gram occurs in ``words``: those that count, and "" for all together."""
    counted = Counter(gram for word in words for gram in grams(word))
    often = {gram: times for gram, times in counted.most_common(_MOST) if times >= _FEWEST}
    return {"": counted.total(), **often}


def profile_name(labels: Sequence[str], script: str) -> str:
    """The name of a language's profile, by its first label and its script."""
    return f"{labels[0]}-{script}"


def learn(name: str, known: Mapping[str, int]) -> None:
    """Use this profile in this process; ``save`` makes it last."""
    line = "\t".join([name, " ".join(known), " ".join(map(str, known.values()))])
    _lines()[name] = line
    _profile.cache_clear()


def save() -> None:
    """Write the package's file: a line for each language, its grams, then their counts."""
    text = "\n".join(line for _, line in sorted(_lines().items()))
    GRAMS.write_bytes(gzip.compress(text.encode(), mtime=0))


@lru_cache(maxsize=1)
def _lines() -> dict[str, str]:
    lines = gzip.decompress(GRAMS.read_bytes()).decode().split("\n")
    return {line.partition("\t")[0]: line for line in lines if line}


@lru_cache(maxsize=64)
def _profile(name: str) -> dict[str, float]:
    """The logarithm of each gram's share; of what is unseen under ""."""
    _, known, counts = _lines()[name].split("\t")
    total, *each = map(int, counts.split(" "))
    shares = zip(known.split(" "), [_UNSEEN, *each], strict=True)
    return {gram: log10(times / total) for gram, times in shares}


class GramScores:
    """log10 of how much likelier a word's letters are in one language than in the other."""

    def __init__(self, own: Mapping[str, float], foreign: Mapping[str, float]) -> None:
        own_least, foreign_least = own[""], foreign[""]
        self._scores = {
            gram: own.get(gram, own_least) - foreign.get(gram, foreign_least)
            for gram in own.keys() | foreign.keys()
            if gram
        }

    def of(self, word: str) -> float:
        """The score of a lower-case word."""
        score = _WEIGHT * sum([self._scores.get(gram, 0.0) for gram in grams(word)])
        return max(-_MOST_OF_A_WORD, min(_MOST_OF_A_WORD, score))


def gram_scores(own: Iterable[str], foreign: Iterable[str], script: str) -> GramScores | None:
    """Of two languages by their labels, in ``script``; None where there is no profile of one."""
    mine, other = _named(own, script), _named(foreign, script)
    return GramScores(_profile(mine), _profile(other)) if mine and other else None


def _named(labels: Iterable[str], script: str) -> str | None:
    names = (profile_name((label,), script) for label in labels)
    return next((name for name in names if name in _lines()), None)
