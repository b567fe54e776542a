"""distinct-n (Li et al. 2016): different n-grams over all n-grams of the set, n = 1, 2, 3.

This is the corpus-level variant, over all dialogues together. It falls as the set grows, so it is
measured at an equal number of dialogues and tokens.
"""

from collections.abc import Iterator
from functools import partial

from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Details, Reading
from crowdglot.statistics import Chosen

BUDGETED = True


def measure(corpus: Corpus) -> Iterator[Reading]:
    for order in (1, 2, 3):
        of = partial(_distinct, corpus, order)
        details: Details = {"variant": "corpus", "n": order}
        yield Reading(f"distinct_{order}", of, "higher", "halves", details, 100)


def _distinct(corpus: Corpus, order: int, chosen: Chosen) -> float | None:
    different, all_of_them = corpus.grams(order).kinds_among(chosen, len(corpus))
    return different / all_of_them if all_of_them else None
