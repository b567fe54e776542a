"""Self-repetition (Salkar et al. 2022, as in 2403.00553): 4-grams that other dialogues hold too.

Mean over dialogues of ln(1 + Σ over its different 4-grams of their occurrences in the others).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Reading, mean_of

ORDER = 4


def scores(corpus: Corpus) -> NDArray[np.float64]:
    """The term of each dialogue."""
    grams = corpus.grams(ORDER)
    everywhere = np.bincount(grams.ids, minlength=grams.kinds)
    entries, own = np.unique(grams.owner * max(grams.kinds, 1) + grams.ids, return_counts=True)
    owner, ids = np.divmod(entries, max(grams.kinds, 1))
    elsewhere = np.bincount(owner, weights=everywhere[ids] - own, minlength=len(corpus))
    return np.log1p(elsewhere)


def measure(corpus: Corpus) -> Iterator[Reading]:
    """self_repetition: needs two dialogues."""
    if len(corpus) > 1:
        of = mean_of(scores(corpus))
        yield Reading("self_repetition", of, "lower", "bootstrap", {"n": ORDER})
