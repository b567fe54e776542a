"""What the judges said of the dialogues, as means; and which kinds of talk were recognised."""

from collections.abc import Iterator

import numpy as np

from crowdglot.critics.judges import JUDGES
from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Details, Reading, mean_of

# What chat models drift into, whatever kind of talk they are asked for.
_USUAL = ("small_talk", "getting_to_know_someone")


def measure(corpus: Corpus) -> Iterator[Reading]:
    """judged_<judge>: the mean score of the dialogues that were scored; event_recognised: the share
    whose kind of talk a blind judge named; taken_for_small_talk: the share taken for small talk or
    getting to know someone of those planned as anything else."""
    details: Details = {"tok": "none"}
    for name in JUDGES:
        scores = np.array([judged.get(name, (np.nan, ""))[0] for judged in corpus.judged], float)
        if np.isfinite(scores).any():
            yield Reading(f"judged_{name}", mean_of(scores), "higher", "bootstrap", details)
    named = [judged.get("event", (np.nan, ""))[1] for judged in corpus.judged]
    if any(named):
        pairs = list(zip(named, corpus.planned, strict=True))
        right = np.array([float(guess == own) if guess else np.nan for guess, own in pairs])
        usual = np.array(
            [
                float(guess in _USUAL) if guess and own not in _USUAL else np.nan
                for guess, own in pairs
            ]
        )
        yield Reading("event_recognised", mean_of(right), "higher", "bootstrap", details)
        yield Reading("taken_for_small_talk", mean_of(usual), "lower", "bootstrap", details)
