"""The accepted dialogues most alike: exact Jaccard of shingles over candidates of MinHash-LSH.

Also below the threshold of duplicates, so that one sees what it lets through. The work is bounded:
an even part of a large dataset, small bands only, and exact comparison of the likeliest pairs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from crowdglot.datasets.duplicates.bands import Hashes, Signer, shared
from crowdglot.datasets.duplicates.shingles import jaccard, shingles
from crowdglot.datasets.report.reading import Part, read_places
from crowdglot.datasets.report.selection import COLUMNS, as_shown, even_places
from crowdglot.languages.language import resolve_language

MOST_COMPARED = 5_000
_FEWEST = (
    8  # shingles, as crowdglot.datasets.duplicates asks for: two short greetings are no copies
)
# Bands are paired from the smallest on, which say most, until a language has so many pairs; of a
# band no more dialogues than this; and so many of the likeliest pairs are compared.
_MOST_PAIRED, _LARGEST_BAND, _MOST_EXACT = 500_000, 40, 2_000
_SIZE, _LEAST, _RECALL = 64, 0.3, 0.9
_READ = 512  # dialogues that are read, and cut into shingles, at a time


@dataclass(frozen=True, slots=True)
class Pair:
    """Two dialogues of one language, as shown; ``similarity``: Jaccard of shingles, 0 to 1."""

    language: str
    similarity: float
    one: Mapping[str, Any]
    other: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Similar:
    """The pairs, most alike first; ``compared`` of the accepted dialogues were looked at."""

    pairs: tuple[Pair, ...]
    compared: int


def most_similar(part: Part, most: int = 12) -> Similar:
    """The ``most`` similar pairs of accepted dialogues, at most 5,000 of them compared."""
    places = even_places(part, ("language",), MOST_COMPARED)
    by_language: dict[str, dict[int, str]] = {}
    for start in range(0, len(places), _READ):
        some = places[start : start + _READ]
        for place, row in zip(some, read_places(part, some, ("language", "turns")), strict=True):
            text = "\n".join(turn["text"] or "" for turn in row["turns"] or ())
            by_language.setdefault(row["language"], {})[place] = text
    found = [
        (similarity, tag, one, other)
        for tag, texts in sorted(by_language.items())
        for similarity, one, other in _pairs(texts, resolve_language(tag).script)
    ]
    best = sorted(found, key=lambda pair: (-pair[0], *pair[1:]))[:most]
    return Similar(tuple(_shown(best, part)), len(places))


def _pairs(texts: Mapping[int, str], script: str) -> Iterator[tuple[float, int, int]]:
    """(similarity, place, place) of the likeliest pairs that share anything."""
    sign = Signer(_SIZE, _LEAST, recall=_RECALL)
    places, bands = [], []
    for start in range(0, len(texts), _READ):
        some = list(texts)[start : start + _READ]
        cuts = shingles([texts[place] for place in some], script)
        long = [(place, cut) for place, cut in zip(some, cuts, strict=True) if len(cut) >= _FEWEST]
        places += [place for place, _ in long]
        bands += [sign.sign([cut for _, cut in long])] if long else []
    cut = lru_cache(maxsize=_READ)(lambda place: shingles((texts[place],), script)[0])
    for one, other in _likeliest(bands):
        if similarity := jaccard(cut(places[one]), cut(places[other])):
            yield similarity, places[one], places[other]


def _likeliest(bands: Sequence[Hashes]) -> Iterator[tuple[int, int]]:
    """The pairs of texts, by number, that share most bands; ties by number, so that the same
    dataset has the same pairs."""
    if not bands:
        return
    count, width = sum(map(len, bands)), bands[0].shape[1]
    # A pair is one number, and its count that of equal numbers: objects would take a hundred times
    # the memory.
    found, total = [np.empty(0, np.int64)], 0
    for positions in sorted(shared(np.concatenate(bands).ravel()), key=len):
        sharing = np.array(positions[:_LARGEST_BAND]) // width
        one, other = np.triu_indices(len(sharing), 1)
        found.append(sharing[one] * count + sharing[other])
        total += len(one)
        if total > _MOST_PAIRED:
            break
    pairs, times = np.unique(np.concatenate(found), return_counts=True)
    for pair in pairs[np.lexsort((pairs, -times))][:_MOST_EXACT].tolist():
        yield divmod(pair, count)


def _shown(best: Sequence[tuple[float, str, int, int]], part: Part) -> Iterator[Pair]:
    places = sorted({place for _, _, *pair in best for place in pair})
    rows = read_places(part, places, COLUMNS)
    shown = dict(zip(places, map(as_shown, rows), strict=True))
    for similarity, tag, one, other in best:
        yield Pair(tag, similarity, shown[one], shown[other])
