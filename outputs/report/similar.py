"""The accepted dialogues most alike: exact Jaccard of shingles over candidates of MinHash-LSH.

Also below the threshold of duplicates, so that one sees what it lets through. The work is bounded:
an even part of a large dataset, small bands only, and exact comparison of the likeliest pairs.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from languages.language import resolve_language
from outputs.duplicates.bands import Signer
from outputs.duplicates.shingles import jaccard, shingles
from outputs.report.reading import Part, read_places
from outputs.report.selection import COLUMNS, as_shown, even_places

MOST_COMPARED = 5_000
_FEWEST = 8  # shingles, as outputs.duplicates asks for: two short greetings are no copies
# Bands are paired from the smallest on, which say most, until a language has so many pairs; of a
# band no more dialogues than this; and so many of the likeliest pairs are compared.
_MOST_PAIRED, _LARGEST_BAND, _MOST_EXACT = 500_000, 40, 2_000
_SIZE, _LEAST, _RECALL = 64, 0.3, 0.9


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
    rows = read_places(part, places, ("language", "turns"))
    by_language: dict[str, dict[int, str]] = {}
    for place, row in zip(places, rows, strict=True):
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
    bands: dict[int, list[int]] = {}
    for place, text in texts.items():
        cut = shingles(text, script)
        for band in sign(cut) if len(cut) >= _FEWEST else ():
            bands.setdefault(band, []).append(place)
    shared: Counter[tuple[int, int]] = Counter()
    for sharing in sorted(bands.values(), key=len):
        shared.update(combinations(sharing[:_LARGEST_BAND], 2))
        if len(shared) > _MOST_PAIRED:
            break
    # Ties by place, so that the same dataset has the same pairs.
    likely = sorted(shared, key=lambda pair: (-shared[pair], pair))[:_MOST_EXACT]
    cuts = {place: shingles(texts[place], script) for pair in likely for place in pair}
    for one, other in likely:
        if similarity := jaccard(cuts[one], cuts[other]):
            yield similarity, one, other


def _shown(best: Sequence[tuple[float, str, int, int]], part: Part) -> Iterator[Pair]:
    places = sorted({place for _, _, *pair in best for place in pair})
    rows = read_places(part, places, COLUMNS)
    shown = dict(zip(places, map(as_shown, rows), strict=True))
    for similarity, tag, one, other in best:
        yield Pair(tag, similarity, shown[one], shown[other])
