"""Who tells traits: a small classifier, and a blind judge.

The classifier is naive Bayes on character n-grams, in every script alike. The judge reads what a
speaker says, and not who that is meant to be.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from crowdglot.critics.judges.asking import Ballot, poll_about
from crowdglot.dialogues.grams import grams, squeezed
from crowdglot.draws import Draws
from crowdglot.evidence.traits.labelled import Wanted
from crowdglot.writing.judging.asker import Asker

Scores = NDArray[np.float64]
_LENGTHS = (1, 2, 3)
_PRIOR = 0.5  # how often each n-gram counts as seen before anything is
_FOLDS = 5
_ABOUT = (
    "You are a careful reader. You are shown what one person says in a conversation, and nothing "
    "of what the others say. Judge by how it is said. Every question has a list of answers: choose "
    "one and write its label alone, without a reason.\n\nThe person says:\n{turns}"
)
_QUESTION = "Which of these fits the person's {what} best?"

Said: TypeAlias = Sequence[Sequence[str]] | None
# Of each value a score by what members say; without any, of the known texts, as of texts not seen.
# NaN where nothing could be read.
Recogniser = Callable[[Wanted, Said], Awaitable[Scores]]


async def by_classifier(wanted: Wanted, said: Said) -> Scores:
    """A ``Recogniser`` that learns from the known texts."""
    texts, labels = zip(*((one.text, one.value) for one in wanted.known), strict=True)
    if said is None:
        return held_out(texts, labels, wanted.values)
    return Classifier(texts, labels, wanted.values).scores([" ".join(turns) for turns in said])


async def by_judge(asker: Asker, wanted: Wanted, said: Said) -> Scores:
    """A ``Recogniser`` once it has whom to ask: the shares of the model's answers. Raises what the
    engine raises."""
    question = Ballot(_QUESTION.format(what=wanted.key.replace("_", " ")), tuple(wanted.values))
    read = [(one.text,) for one in wanted.known] if said is None else said
    abouts = [_ABOUT.format(turns="\n".join(f"- {one}" for one in turns)) for turns in read]
    told = await asker.interviews(
        wanted.role, [partial(poll_about, about, [question]) for about in abouts]
    )
    nothing = [np.nan] * len(wanted.values)
    shares = [one[0] if one and one[0] else nothing for one in told]
    return np.array(shares, float).reshape(-1, len(wanted.values))


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


def _grams(text: str) -> list[str]:
    padded = f" {squeezed(text)} "
    return [gram for length in _LENGTHS for gram in grams(padded, length)]
