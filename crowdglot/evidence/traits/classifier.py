"""A small classifier of traits: naive Bayes on character n-grams, in every script alike."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crowdglot.dialogues.grams import grams, squeezed
from crowdglot.draws import Draws
from crowdglot.evidence.traits.labelled import Wanted

Scores = NDArray[np.float64]
_LENGTHS = (1, 2, 3)
_PRIOR = 0.5  # how often each n-gram counts as seen before anything is
_FOLDS = 5


class Classifier:
    """Multinomial naive Bayes with equal priors over ``values``."""

    def __init__(self, texts: Sequence[str], labels: Sequence[str], values: Sequence[str]) -> None:
        counts = {value: Counter[str]() for value in values}
        for text, label in zip(texts, labels, strict=True):
            counts[label].update(_grams(text))
        every = sorted({gram for one in counts.values() for gram in one})
        self._number = {gram: at for at, gram in enumerate(every)}
        seen = np.array([[counts[value][gram] for gram in every] for value in values], float)
        seen = seen.reshape(len(values), len(every)) + _PRIOR
        self._log = np.log(seen / seen.sum(axis=1, keepdims=True))

    def scores(self, texts: Sequence[str]) -> Scores:
        """By text and value, how much likelier this value is than the likeliest other, in nats."""
        likely = np.zeros((len(texts), len(self._log)))
        for row, text in zip(likely, texts, strict=True):
            known = [self._number[gram] for gram in _grams(text) if gram in self._number]
            row += self._log[:, known].sum(axis=1)
        return margins(likely)


def margins(scores: Scores) -> Scores:
    """Each score less the largest other one of its row."""
    best = np.sort(scores, axis=1)
    others = np.where(scores == best[:, -1:], best[:, -2:-1], best[:, -1:])
    return np.asarray(scores - others)


def held_out(texts: Sequence[str], labels: Sequence[str], values: Sequence[str]) -> Scores:
    """The scores of each text by a classifier that has not seen it (five folds)."""
    order = Draws("traits", "folds", len(texts)).shuffled(range(len(texts)))
    fold = np.empty(len(texts), int)
    fold[order] = np.arange(len(texts)) % _FOLDS
    found = np.zeros((len(texts), len(values)))
    for number in range(_FOLDS):
        others = np.flatnonzero(fold != number).tolist()
        own = np.flatnonzero(fold == number).tolist()
        trained = Classifier([texts[at] for at in others], [labels[at] for at in others], values)
        found[own] = trained.scores([texts[at] for at in own])
    return found


class ByClassifier:
    """Tells traits (see ``measure.Recogniser``) by what it learns from the labelled texts."""

    name = "classifier"

    async def scores(self, wanted: Wanted, said: Sequence[Sequence[str]] | None) -> Scores:
        """See ``Recogniser``."""
        texts, labels = zip(*((one.text, one.value) for one in wanted.known), strict=True)
        if said is None:
            return held_out(texts, labels, wanted.values)
        return Classifier(texts, labels, wanted.values).scores([" ".join(turns) for turns in said])


def _grams(text: str) -> list[str]:
    padded = f" {squeezed(text)} "
    return [gram for length in _LENGTHS for gram in grams(padded, length)]
