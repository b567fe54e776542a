"""How well a classifier tells dialogues of two sides apart that it has not seen.

The area under the ROC curve (AUC): the probability that it finds one of ours more like ours than
one of people's; 0.5 is chance. Each dialogue is judged by a classifier that saw none of its pair of
personas; phrases, means and spreads are of its examples only. Scores of one classifier alone are
compared with one another. A classifier that tells nothing of examples set aside within those that
it may learn from is not used: all then score alike, which is 0.5. The interval is Newcombe's score
interval (2006, method 5) for so many independent pairs: it says what is unknown also where all are
told apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from crowdglot.draws import Draws
from crowdglot.evidence.resemble.logistic import fit
from crowdglot.evidence.resemble.phrases import Phrases, Whole
from crowdglot.evidence.resemble.style import Numbers
from crowdglot.statistics import Z, auc

FEWEST_PAIRS, MOST_FOLDS = 3, 5
_REPEATS = 5
_PHRASES = 60  # of the highest z-scores
_PENALTY = 0.1  # an example
_FEATURES, _FEWEST_FEATURES = 0.25, 5  # used of all: so many an example, at least so many

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Examples:
    """Dialogues of both sides: their ``style``, their ``phrases``, which are ``ours``, and the
    number of the ``pair`` of each."""

    style: Numbers
    phrases: Phrases
    ours: Flags
    pairs: Whole


@dataclass(frozen=True, slots=True)
class Auc:
    """``value``, 0 to 1, its interval of 95%, and how many independent ``pairs`` of personas ours
    and people's have."""

    value: float
    low: float
    high: float
    pairs: tuple[int, int]


def numbered(pairs: Sequence[tuple[str, ...]]) -> Whole:
    """The same number for the same pair."""
    known: dict[tuple[str, ...], int] = {}
    return np.array([known.setdefault(pair, len(known)) for pair in pairs], np.int64)


def tell_apart(examples: Examples) -> Auc | None:
    """The AUC; None where a side has too few pairs to be divided."""
    ours, pairs = examples.ours, examples.pairs
    counts = (len(np.unique(pairs[ours])), len(np.unique(pairs[~ours])))
    if (parts := min(MOST_FOLDS, *counts)) < FEWEST_PAIRS:
        return None
    won, met = 0.0, 0
    for repeat in range(_REPEATS):
        folds = _folds(examples, parts, Draws(0, "folds", repeat))
        # Of the examples without those of two folds: the one is tested, the other chooses.
        without = {
            two: _score(examples, np.isin(folds, two)) for two in combinations(range(parts), 2)
        }
        for fold in range(parts):
            tested = folds == fold
            scores = np.zeros(len(ours))
            if _helps(examples, folds, fold, without):
                scores = _score(examples, tested)
            mine, theirs = scores[tested & ours], scores[tested & ~ours]
            pairs_met = len(mine) * len(theirs)
            won, met = won + auc(mine, theirs) * pairs_met, met + pairs_met
    value = won / met
    # Halved: what classifiers say that learnt from one another's examples varies more, by about
    # the square root of two where nothing differs (see docs/resemble.md).
    return Auc(value, *interval(value, *(count / 2 for count in counts)), counts)


def _helps(
    examples: Examples, folds: Whole, fold: int, without: Mapping[tuple[int, int], Numbers]
) -> bool:
    """Whether classifiers that saw nothing of ``fold`` say more of the other folds than nothing.

    Their log-loss must be below that of a coin by more than its standard error.
    """
    gains, counts = np.zeros(len(folds)), _counts(examples.ours)
    signs = np.where(examples.ours, 1.0, -1.0)
    for other in set(folds.tolist()) - {fold}:
        there = folds == other
        scores = without[min(fold, other), max(fold, other)]
        gains[there] = (np.log(2) - np.logaddexp(0, -signs * scores))[there]
    known = folds != fold
    gain = (gains * counts)[known]
    return bool(gain.mean() > gain.std() / len(gain) ** 0.5)


def _counts(ours: Flags) -> Numbers:
    """How much each example counts: as much on one side as on the other."""
    share = ours.mean()
    return np.asarray(np.where(ours, 0.5 / share, 0.5 / (1 - share)))


def _folds(examples: Examples, parts: int, draws: Draws) -> Whole:
    """The fold of each dialogue: those of a pair together, both sides shared out evenly."""
    fold_of = np.zeros(int(examples.pairs.max()) + 1, np.int64)
    for flags in (examples.ours, ~examples.ours):
        counts = np.bincount(examples.pairs[flags])
        order = draws.shuffled(np.flatnonzero(counts).tolist())
        sizes = [0] * parts
        for pair in sorted(order, key=lambda pair: -counts[pair]):  # stable: equal ones as shuffled
            fold_of[pair] = sizes.index(min(sizes))
            sizes[fold_of[pair]] += counts[pair]
    return fold_of[examples.pairs]


def _score(examples: Examples, tested: Flags) -> Numbers:
    """The scores of all dialogues by a classifier that did not learn from the ``tested``."""
    taught, ours = ~tested, examples.ours
    z_scores = examples.phrases.log_odds(taught & ours, taught & ~ours)
    chosen = np.argsort(-np.abs(z_scores), kind="stable")[:_PHRASES]
    features = np.hstack([examples.style, examples.phrases.measure(chosen)])
    spread = features[taught].std(axis=0)
    features = (features - features[taught].mean(axis=0)) / np.where(spread > 1e-9, spread, np.inf)
    # With few examples, many features that tell nothing would hide the one that does.
    apart = np.abs(features[taught & ours].mean(axis=0) - features[taught & ~ours].mean(axis=0))
    most = max(
        _FEWEST_FEATURES, round(_FEATURES * 2 * min(sum(taught & ours), sum(taught & ~ours)))
    )
    features = features[:, np.argsort(-apart, kind="stable")[:most]]
    labels, counts = ours[taught].astype(np.float64), _counts(ours[taught])
    model = fit(features[taught], labels, counts, _PENALTY * len(labels))
    return model.score(features)


def interval(value: float, ours: float, theirs: float) -> tuple[float, float]:
    """Newcombe's interval of 95% of an AUC over so many independent examples of each kind."""
    mean = (ours + theirs) / 2

    def far(other: float) -> bool:
        more = (1 - other) / (2 - other) + other / (1 + other)
        spread = other * (1 - other) * (1 + (mean - 1) * more) / (ours * theirs)
        return abs(value - other) > Z * sqrt(spread)

    ends = []
    for outer in (0.0, 1.0):
        inner = value
        for _ in range(60):
            middle = (inner + outer) / 2
            inner, outer = (inner, middle) if far(middle) else (middle, outer)
        ends.append(inner)
    return ends[0], ends[1]
