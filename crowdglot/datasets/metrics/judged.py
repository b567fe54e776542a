"""What the judges said of the dialogues, as means; and which kinds of talk were recognised."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from crowdglot.critics.judges import JUDGES
from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Details, Reading
from crowdglot.statistics import Chosen

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
            of = partial(_mean, scores)
            yield Reading(f"judged_{name}", of, "higher", "bootstrap", details)
    named = [judged.get("event", (np.nan, ""))[1] for judged in corpus.judged]
    if not any(named):
        return
    planned = corpus.planned
    right = [_known(guess, guess == own) for guess, own in zip(named, planned, strict=True)]
    usual = [
        _known(guess if own not in _USUAL else "", guess in _USUAL)
        for guess, own in zip(named, planned, strict=True)
    ]
    of = partial(_mean, np.array(right))
    yield Reading("event_recognised", of, "higher", "bootstrap", details)
    of = partial(_mean, np.array(usual))
    yield Reading("taken_for_small_talk", of, "lower", "bootstrap", details)


def _known(guess: str, value: bool) -> float:
    return float(value) if guess else np.nan


def _mean(scores: "np.ndarray[tuple[int], np.dtype[np.float64]]", chosen: Chosen) -> float | None:
    """Over those that have a score; unscored dialogues are in no mean."""
    known = scores[chosen][np.isfinite(scores[chosen])]
    return float(known.mean()) if len(known) else None
