"""Compression ratio (Shaib et al. 2024, 2403.00553): bytes of the text over bytes of its gzip."""

import gzip
from collections.abc import Iterator

from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Interval, Reading
from crowdglot.statistics import Chosen

BUDGETED = True
_LEVEL = 9
# A resample compresses half the text: few of them, and none of a long text.
_RESAMPLES, _LONGEST = 20, 256 * 1024


def ratio(texts: list[str]) -> float | None:
    """Bytes (UTF-8) of the texts, one a line, over those of their gzip at level 9."""
    plain = "\n".join(texts).encode("utf-8", "replace")
    return len(plain) / len(gzip.compress(plain, _LEVEL, mtime=0)) if plain else None


def measure(corpus: Corpus) -> Iterator[Reading]:
    """compression_ratio: over all dialogues together, turns one a line, case kept."""
    texts = corpus.texts

    def of(chosen: Chosen) -> float | None:
        return ratio([texts[number] for number in chosen])

    details = {"variant": f"gzip-{_LEVEL}", "case": "mixed", "tok": "bytes"}
    kind: Interval = "halves" if sum(map(len, texts)) <= _LONGEST else "none"
    yield Reading("compression_ratio", of, "lower", kind, details, _RESAMPLES)
