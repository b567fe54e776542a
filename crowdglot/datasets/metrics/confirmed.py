"""How many dialogues are in their language by an identifier that had no part in the verdicts."""

from collections.abc import Iterator

import numpy as np

from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Chosen, Details, Reading
from crowdglot.languages.confirmation import confirms
from crowdglot.languages.language import resolve_language

# It reads so many dialogues of a group, at some hundred a second.
_MOST = 100


def measure(corpus: Corpus) -> Iterator[Reading]:
    """language_confirmed: the share, over the dialogues that langdetect can tell anything of."""
    if not corpus.language:
        return
    target = resolve_language(corpus.language)
    told = [confirms(text, target) for text in corpus.texts[:_MOST]]
    known = np.array([np.nan if one is None else float(one) for one in told])
    if not np.isfinite(known).any():
        return

    def share(chosen: Chosen) -> float | None:
        read = known[chosen[chosen < len(known)]]
        read = read[np.isfinite(read)]
        return float(read.mean()) if len(read) else None

    details: Details = {"tok": "none", "by": "langdetect", "most": _MOST}
    yield Reading("language_confirmed", share, "higher", "bootstrap", details)
