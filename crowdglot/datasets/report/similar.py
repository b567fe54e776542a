"""The accepted dialogues most alike: exact Jaccard of shingles over candidates of MinHash-LSH.

Pairs below the threshold of duplicates are shown too, so that one sees what it lets through. The
work is bounded: small bands only, and exact comparison of the likeliest pairs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from crowdglot.datasets.duplicates.bands import Hashes, Signer, shared
from crowdglot.datasets.duplicates.index import FEWEST
from crowdglot.datasets.duplicates.shingles import jaccard, shingles
from crowdglot.datasets.metrics.measuring.corpus import turn_texts
from crowdglot.datasets.report.selection import read_shown
from crowdglot.datasets.storage.location import Location
from crowdglot.languages.language import resolve_language

# Bands are paired from the smallest on, because these say most, until a language has so many pairs;
# only so many dialogues of a band are paired; and so many of the likeliest pairs are compared.
_MOST_PAIRED, _LARGEST_BAND, _MOST_EXACT = 500_000, 40, 2_000
_AT_ONCE = 512  # dialogues that are cut into shingles at a time


@dataclass(frozen=True, slots=True)
class Pair:
    """Two dialogues of one language, as shown; ``similarity``: Jaccard of shingles, 0 to 1."""

    language: str
    similarity: float
    one: Mapping[str, Any]
    other: Mapping[str, Any]


def most_similar(
    files: Sequence[Location], positions: Sequence[int], rows: pl.DataFrame, most: int = 12
) -> list[Pair]:
    """The ``most`` similar pairs of the dialogues at these positions, most alike first.

    ``rows``: their columns language and turns.
    """
    by_language: dict[str, dict[int, str]] = {}
    for position, tag, texts in zip(positions, rows["language"], turn_texts(rows), strict=True):
        by_language.setdefault(tag, {})[position] = "\n".join(texts)
    found = [
        (-similarity, tag, one, other)
        for tag, own in sorted(by_language.items())
        for similarity, one, other in _pairs(own, resolve_language(tag).script)
    ]
    best = sorted(found)[:most]
    wanted = sorted({position for *_, one, other in best for position in (one, other)})
    shown = dict(zip(wanted, read_shown(files, wanted), strict=True))
    return [Pair(tag, -negative, shown[one], shown[other]) for negative, tag, one, other in best]


def _pairs(texts: Mapping[int, str], script: str) -> Iterator[tuple[float, int, int]]:
    """(similarity, position, position) of the likeliest pairs that share anything."""
    sign = Signer(64, 0.3, recall=0.9)
    positions, bands = [], []
    for start in range(0, len(texts), _AT_ONCE):
        some = list(texts)[start : start + _AT_ONCE]
        cuts = shingles([texts[position] for position in some], script)
        long = [(at, cut) for at, cut in zip(some, cuts, strict=True) if len(cut) >= FEWEST]
        positions += [at for at, _ in long]
        bands += [sign.sign([cut for _, cut in long])] if long else []
    cut = lru_cache(maxsize=_AT_ONCE)(lambda at: shingles((texts[at],), script)[0])
    for one, other in _likeliest(bands):
        if similarity := jaccard(cut(positions[one]), cut(positions[other])):
            yield similarity, positions[one], positions[other]


def _likeliest(bands: Sequence[Hashes]) -> Iterator[tuple[int, int]]:
    """The pairs of texts, by number, that share most bands; ties by number, always the same."""
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
