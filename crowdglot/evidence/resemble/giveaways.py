"""What gives one side away, feature by feature, in words that a reader understands.

Each feature is compared by a Mann-Whitney test over independent pairs of personas. What is named
differs after Holm's correction for all features that were looked at, so that of two halves of one
set nothing is named in 19 of 20 cases; of features that say the same, the strongest is named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc

import numpy as np

from crowdglot.evidence.resemble.phrases import Whole
from crowdglot.evidence.resemble.style import Feature, Numbers
from crowdglot.evidence.resemble.telling import Examples, Flags
from crowdglot.statistics import holm, ranks

MOST = 10
_LOOKED_AT = 300  # phrases of the highest z-scores
_ALPHA = 0.05
_SAME = 0.7  # correlation from which on two features say the same


@dataclass(frozen=True, slots=True)
class Giveaway:
    """A feature with its mean over dialogues of either side, and how well it tells them alone
    (``auc``, above 0.5 where ours have more of it)."""

    feature: Feature
    ours: float
    theirs: float
    auc: float

    @property
    def told(self) -> str:
        """Such as "ends a turn with a question: 71% of ours, 38% of theirs"."""
        phrase = f" “{self.feature.phrase}”" if self.feature.phrase else ""
        ours, theirs = (shown(self.feature, value) for value in (self.ours, self.theirs))
        return f"{self.feature.words}{phrase}: {ours} of ours, {theirs} of theirs"


def shown(feature: Feature, value: float) -> str:
    """A value of the feature: a share as a percentage."""
    if feature.unit == "number":
        return f"{value:.2f}" if value < 10 else f"{value:.1f}"
    return f"{value:.0%}" if value >= 0.1 or value == 0 else f"{value:.1%}"


def find_giveaways(examples: Examples, style: Sequence[Feature]) -> list[Giveaway]:
    """At most ten, the strongest first. ``style``: the features that are columns of
    ``examples.style``."""
    ours = examples.ours
    z_scores = np.abs(examples.phrases.log_odds(ours, ~ours))
    looked_at = np.argsort(-z_scores, kind="stable")[:_LOOKED_AT]
    values = np.hstack([examples.style, examples.phrases.measure(looked_at)])
    features = [*style, *examples.phrases.features(looked_at)]
    tests = len(style) + len(examples.phrases.phrases)
    means, mine = _by_pair(values, examples.pairs, ours)
    aucs, chances = _mann_whitney(means, mine)
    named: list[int] = []
    corrected = holm(chances.tolist(), tests)
    differs = [at for at in np.argsort(chances, kind="stable") if (corrected[at] or 0) <= _ALPHA]
    for at in sorted(differs, key=lambda at: -abs(aucs[at] - 0.5)):
        if not any(_alike(values, features, at, other) for other in named):
            named.append(at)
    return [
        Giveaway(
            features[at],
            float(values[ours, at].mean()),
            float(values[~ours, at].mean()),
            float(aucs[at]),
        )
        for at in named[:MOST]
    ]


def _by_pair(values: Numbers, pairs: Whole, ours: Flags) -> tuple[Numbers, Flags]:
    """The mean of each pair of personas, and whether it is one of ours."""
    kinds, owner = np.unique(2 * pairs + ours, return_inverse=True)
    sums = np.zeros((len(kinds), values.shape[1]))
    np.add.at(sums, owner, values)
    return sums / np.bincount(owner)[:, None], kinds % 2 == 1


def _mann_whitney(values: Numbers, ours: Flags) -> tuple[Numbers, Numbers]:
    """AUC and two-sided probability of each column, by the normal approximation with ties."""
    m, n = int(ours.sum()), int((~ours).sum())
    aucs, chances = np.full(values.shape[1], 0.5), np.ones(values.shape[1])
    for at in range(values.shape[1]):
        ranked, counts = ranks(values[:, at])
        won = ranked[ours].sum() - m * (m + 1) / 2
        ties = (counts**3 - counts).sum() / ((m + n) * (m + n - 1))
        spread = (m * n / 12 * (m + n + 1 - ties)) ** 0.5
        if spread > 0:
            aucs[at] = won / (m * n)
            chances[at] = erfc(abs(won - m * n / 2) / spread / 2**0.5)
    return aucs, chances


def _alike(values: Numbers, features: Sequence[Feature], one: int, other: int) -> bool:
    texts = [features[at].phrase for at in (one, other)]
    if all(texts) and (texts[0] in texts[1] or texts[1] in texts[0]):
        return True
    return bool(abs(np.corrcoef(values[:, one], values[:, other])[0, 1]) > _SAME)
