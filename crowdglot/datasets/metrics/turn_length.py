"""How long turns are, in tokens, and how many a dialogue has; both should be as in human ones."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from crowdglot.datasets.metrics.measuring.corpus import Corpus, Dialogues
from crowdglot.datasets.metrics.measuring.figure import Reading, mean_of
from crowdglot.datasets.metrics.measuring.tokenisation import tokenise
from crowdglot.statistics import Chosen


def lengths(dialogues: Dialogues, tokeniser: str) -> list[list[int]]:
    """Tokens of every turn of each dialogue, punctuation included."""
    return [[len(tokenise(turn, tokeniser)) for turn in turns] for turns in dialogues]


def measure(corpus: Corpus) -> Iterator[Reading]:
    """turn_length_mean, turn_length_p10, _p50, _p90, and turns (a dialogue)."""
    by_dialogue = lengths(corpus.turns, corpus.tokeniser)
    sums = np.array([(sum(turns), len(turns)) for turns in by_dialogue], np.int64)

    def mean(chosen: Chosen) -> float | None:
        tokens, turns = sums[chosen].sum(axis=0) if len(chosen) else (0, 0)
        return float(tokens / turns) if turns else None

    def percentile(chosen: Chosen, percent: int) -> float | None:
        turns = [length for number in chosen for length in by_dialogue[number]]
        return float(np.percentile(turns, percent)) if turns else None

    yield Reading("turn_length_mean", mean, "neither", "bootstrap", {"unit": "tokens"})
    for percent in (10, 50, 90):
        of = partial(percentile, percent=percent)
        yield Reading(f"turn_length_p{percent}", of, "neither", "none", {"unit": "tokens"})
    counts = mean_of(np.array([len(turns) for turns in by_dialogue], np.float64))
    yield Reading("turns", counts, "neither", "bootstrap", {"unit": "turns"})
